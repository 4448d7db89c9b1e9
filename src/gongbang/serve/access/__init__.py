"""Who may ask a server for what, and how often."""
