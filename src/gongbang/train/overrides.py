"""Keys of a recipe that are set from outside: ``--set training.epochs=1``."""

from __future__ import annotations

from typing import Any

import yaml

from gongbang.errors import RecipeError


def put_override(tree: dict[str, Any], override: str) -> None:
    """Put ``"training.epochs=1"`` into a recipe's tree; entries of a list are named by their number.

    Raises:
        RecipeError: it is not of the form ``key=value``, its value is no YAML, or there is no such place.

    Example:
        >>> tree = {"training": {"epochs": 3}}
        >>> put_override(tree, "training.epochs=1")
        >>> tree
        {'training': {'epochs': 1}}
    """
    key, equals, value = override.partition("=")
    if not equals or not key:
        raise RecipeError(
            "an override is not of the form key=value.",
            value=override,
            allowed="key.key=value",
            cure="Write for instance --set training.epochs=1.",
        )
    found = _value(override, value)
    *parents, last = key.split(".")
    place: Any = tree
    for parent in parents:
        if isinstance(place, list):
            place = place[_number(parent, place, override)]
        elif isinstance(place, dict):
            place = place.setdefault(parent, {})
    if isinstance(place, list):
        place[_number(last, place, override)] = found
    elif isinstance(place, dict):
        place[last] = found
    else:
        raise RecipeError(
            "an override reaches into a value that holds no keys.",
            value=override,
            allowed=f"a key below one that holds others; '{'.'.join(parents)}' is {place!r}",
            cure="Set the key itself.",
        )


def _value(override: str, text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as err:
        raise RecipeError(
            f"an override's value is not readable as YAML: {' '.join(str(err).split())[:200]}",
            value=override,
            allowed="a value in YAML: 3, true, text, [a, b]",
            cure="Close what is open, and quote a text that holds signs of YAML.",
        ) from err


def _number(part: str, place: list[Any], override: str) -> int:
    if part.isdecimal() and int(part) < len(place):
        return int(part)
    raise RecipeError(
        "an override names an entry that its list does not have.",
        value=override,
        allowed=f"a number from 0 to {len(place) - 1}",
        cure="Count the entries from 0.",
    )
