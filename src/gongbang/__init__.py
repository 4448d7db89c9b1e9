"""Gongbang: from labelled Korean data to a model that can be trusted and served."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gongbang.runtime.load import load

__version__ = "0.1.0"
__all__ = ["__version__", "load"]


def __getattr__(name: str) -> object:
    # Loaded on first use, so that `import gongbang` and `gongbang --help` stay quick.
    if name == "load":
        from gongbang.runtime.load import load

        return load
    raise AttributeError(f"module 'gongbang' has no attribute {name!r}")
