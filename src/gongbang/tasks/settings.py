"""A task's settings as plain data: into an artifact, out of a recipe or an artifact of another release."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, TypeVar, get_args, get_origin, get_type_hints

from gongbang.errors import ArtifactError, OptionError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Settings = TypeVar("Settings")


class Configured:
    """The part of a task that makes it of its configuration, and its configuration of it.

    ``config_type`` is the dataclass of its ``settings``; a task is made of a tokenizer and settings.
    """

    __slots__ = ()
    config_type: ClassVar[type[Any]]
    settings: Any

    @classmethod
    def from_config(cls, tokenizer: Tokenizer, config: Mapping[str, Any]) -> Self:
        """The task that :meth:`config` described.

        Raises:
            ArtifactError: the configuration has a key that this release does not know.
        """
        return cls(tokenizer, settings_from(cls.config_type, config))  # type: ignore[call-arg]

    def config(self) -> dict[str, Any]:
        """The settings as plain JSON."""
        plain = asdict(self.settings)
        return {name: list(value) if isinstance(value, tuple) else value for name, value in plain.items()}


def settings_from(kind: type[Settings], config: Mapping[str, Any]) -> Settings:
    """The settings that a pipeline's configuration describes; keys that it leaves out keep their defaults.

    Args:
        kind: a dataclass of settings.
        config: its values by name.

    Raises:
        ArtifactError: a key is unknown, or its value is of another kind.
    """
    known = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    for key in config:
        if key not in known:
            near = get_close_matches(str(key), known, n=1)
            spelling = f"Did you mean '{near[0]}'? " if near else ""
            raise ArtifactError(
                "the pipeline has a key that this release does not know.",
                value=f"{key}: {config[key]!r}",
                allowed=", ".join(known),
                cure=f"{spelling}An artifact of a newer release needs that release: pip install -U gongbang.",
            )
    hints = get_type_hints(kind)
    for key, value in config.items():
        _check_kind(key, value, hints[key])
    return kind(**config)


def check_temperature(temperature: float) -> None:
    """Refuse a temperature that scores cannot be divided by.

    Raises:
        OptionError: it is not above 0.
    """
    if not temperature > 0:
        raise OptionError(
            "the temperature is not above 0.",
            value=temperature,
            allowed="a number above 0",
            cure="Leave temperature out; export fits it.",
        )


_KINDS: dict[Any, tuple[tuple[type, ...], str]] = {
    bool: ((bool,), "true or false"),
    int: ((int,), "a whole number"),
    float: ((int, float), "a number"),
    str: ((str,), "a text"),
    Literal: ((str,), "a text"),
    tuple: ((list, tuple), "a list"),
    dict: ((dict,), "a mapping"),
}
"""What a setting's annotation admits, and how that is told."""


def _check_kind(key: str, value: object, annotation: Any) -> None:
    kind = get_origin(annotation) or annotation
    allowed, told = _KINDS[kind]
    fits = _is_of(value, allowed)
    if kind is tuple:
        entries, entry_told = _KINDS[get_args(annotation)[0]]
        told = f"{told}, each entry {entry_told}"
        fits = fits and all(_is_of(entry, entries) for entry in value)  # type: ignore[attr-defined]
    if not fits:
        raise ArtifactError(
            f"the pipeline's '{key}' has a value of another kind.",
            value=f"{key}: {value!r}",
            allowed=told,
            cure=f"Set {key} to {told}.",
        )


def _is_of(value: object, allowed: tuple[type, ...]) -> bool:
    """Whether a value is of one of these kinds; true and false are no numbers."""
    return isinstance(value, allowed) and (bool in allowed or not isinstance(value, bool))
