"""What a piece of this package does, as one hash of its source: comments and docstrings do not count.

Lines of source are hashed, not a syntax tree or byte code, whose forms differ from one Python to the next.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import io
import textwrap
import tokenize
from collections.abc import Callable
from functools import lru_cache
from types import ModuleType
from typing import Any

from gongbang.errors import ArtifactError

Part = ModuleType | Callable[..., Any]


def source_hash(*parts: Part | str) -> str:
    """The SHA-256 of these functions and modules, and of texts such as constants, in their order.

    Args:
        parts: what decides a behaviour.

    Raises:
        ArtifactError: an installation without its sources.

    Example:
        >>> source_hash(bare_source, "1") == source_hash(bare_source, "2")
        False
    """
    whole = hashlib.sha256()
    for part in parts:
        whole.update((part if isinstance(part, str) else bare_source(part)).encode())
        whole.update(b"\0")
    return whole.hexdigest()


@lru_cache(maxsize=64)
def bare_source(part: Part) -> str:
    """The source of a function or module without comments, docstrings and blank lines.

    Raises:
        ArtifactError: an installation without its sources.

    Example:
        >>> print(bare_source(bare_source).splitlines()[0])
        @lru_cache(maxsize=64)
    """
    try:
        source = textwrap.dedent(inspect.getsource(part))
    except OSError as err:
        raise ArtifactError(
            "this installation has no sources, so what it does cannot be compared with what was trained.",
            value=f"{getattr(part, '__name__', part)}: {err}",
            allowed="the package as its wheel installs it",
            cure="Install the wheel: pip install gongbang.",
        ) from err
    lines = source.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            lines[node.lineno - 1 : node.end_lineno] = [""] * len(lines[node.lineno - 1 : node.end_lineno])
    return "\n".join(line.rstrip() for line in lines if line.strip())
