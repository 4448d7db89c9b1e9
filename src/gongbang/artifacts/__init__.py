"""The artifact format, the store of bundled artifacts, the run record."""
