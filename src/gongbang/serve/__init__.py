"""What is reached over HTTP, and the database behind it."""
