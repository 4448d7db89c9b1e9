"""Twenty Questions on a server: games in the database, models behind their queues, secrets kept."""
