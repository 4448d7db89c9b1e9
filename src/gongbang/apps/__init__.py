"""What people use: ask."""
