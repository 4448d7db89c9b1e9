"""The studio: pages for people over the JSON API. It holds no model and asks nothing but the API."""
