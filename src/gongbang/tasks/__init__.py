"""One file a task: the torch-free contract, named lazily in a table."""
