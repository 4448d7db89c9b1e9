"""The studio's pages, one a file: ``build(page)`` lays one out, the functions beside it do its work."""
