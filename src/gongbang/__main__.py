"""``python -m gongbang`` is ``gongbang``."""

from __future__ import annotations

import sys

from gongbang.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
