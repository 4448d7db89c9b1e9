"""Records made from records: seeded, span-safe, each with the lineage of what it was made from."""
