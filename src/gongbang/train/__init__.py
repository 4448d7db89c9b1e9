"""Recipes, preflight, and the one loop."""
