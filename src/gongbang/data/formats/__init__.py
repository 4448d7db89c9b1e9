"""One file a document format; the table that names them is in data/documents.py."""
