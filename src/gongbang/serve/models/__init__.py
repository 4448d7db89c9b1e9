"""The room in which the server's artifacts work: queues, batches, reloading."""
