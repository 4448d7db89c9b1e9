"""Records, documents, readers and writers of each format, splits, data checks."""
