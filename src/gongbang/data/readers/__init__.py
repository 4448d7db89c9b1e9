"""One file a family of question-answering formats; the table that names them is in data/reading.py."""
