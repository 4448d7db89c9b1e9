"""Options of a part of the search from plain data, as an index has kept them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

from gongbang.errors import OptionError

Options = TypeVar("Options")


def options_from(kind: type[Options], values: Mapping[str, Any], part: str) -> Options:
    """The options that ``values`` name; those left out keep their defaults.

    Args:
        kind: a dataclass of options.
        values: options by name.
        part: whose options they are, for the message.

    Raises:
        OptionError: a key that is no option.
    """
    names = [item.name for item in fields(kind)]  # type: ignore[arg-type]
    unknown = [key for key in values if key not in names]
    if unknown:
        raise OptionError(
            f"{part} has no such option.",
            value=", ".join(unknown),
            allowed=", ".join(names),
            cure="Drop the key, or correct its spelling.",
        )
    return kind(**dict(values))
