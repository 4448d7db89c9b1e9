"""Alembic revisions of the tables, in the package so that an installed wheel can upgrade a database."""
