"""What is deployed, and how: a tool of the repository, not a part of the package.

``python -m deploy --help`` from the repository's root; ``docs/deploy.md`` is its page.
"""
