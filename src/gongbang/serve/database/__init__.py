"""The database of answers and conversations: SQLite by default, MariaDB and PostgreSQL by URL.

``upgrade(url)`` brings the tables up to date, ``Store(url)`` opens them, and :class:`Answers`,
:class:`Conversations` and :class:`Embeddings` are what may be done with them. Nothing of SQLAlchemy comes
out of this room: rows are plain dataclasses, faults are :mod:`gongbang.errors`, times are in UTC.
"""
