"""What jobs there are: one table, each kind imported when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING, Any

from gongbang.errors import DataError, OptionError

if TYPE_CHECKING:
    from pydantic import BaseModel

    from gongbang.serve.database.job_rows import Outcome
    from gongbang.serve.jobs.context import Context
    from gongbang.serve.jobs.folders import Folders

KINDS: dict[str, str] = {
    "predict": "gongbang.serve.jobs.predict:KIND",
    "index": "gongbang.serve.jobs.index:KIND",
    "train": "gongbang.serve.jobs.train:KIND",
}
"""Kind of a job to where it is found; an engineer's own kind is one line more."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of job.

    Attributes:
        summary: what it does, in a sentence.
        payload: what it is asked with; unknown keys must be errors in it.
        check: refuses a payload that cannot be carried out, before it is accepted: a path beyond the folders.
        run: does it. It may be called again for the same job, also while a slow call of it still goes on
            elsewhere, so what it does before it returns must bear that; what must not happen twice is the
            outcome's effect.
        example: a payload, for the documentation.
    """

    summary: str
    payload: type[BaseModel]
    run: Callable[[Any, Context], Outcome]
    check: Callable[[Any, Folders], None]
    example: Mapping[str, Any]


def need_kind(name: str) -> str:
    """The name, if there is such a kind.

    Raises:
        OptionError: there is not.
    """
    if name in KINDS:
        return name
    near = get_close_matches(name, KINDS, n=1)
    raise OptionError(
        "there is no such kind of job.",
        value=name,
        allowed=", ".join(KINDS),
        cure=f"Did you mean {near[0]!r}?" if near else "Name one of these.",
    )


def load_kind(name: str) -> Kind:
    """The kind of a name.

    Raises:
        OptionError: there is none.
    """
    module, _, attribute = KINDS[need_kind(name)].partition(":")
    kind: Kind = getattr(import_module(module), attribute)
    return kind


def checked_payload(name: str, payload: Mapping[str, Any], folders: Folders) -> dict[str, Any]:
    """A payload with its defaults filled in, if a job of this kind can be carried out with it.

    Raises:
        DataError: it cannot; ``field`` names what is wrong.
    """
    try:
        kind = load_kind(name)
    except OptionError as err:
        raise DataError(err.what, value=name, allowed=err.allowed, cure=err.cure, field="kind") from err
    parsed = parse_payload(kind, payload)
    kind.check(parsed, folders)
    return parsed.model_dump(mode="json")


def parse_payload(kind: Kind, payload: Mapping[str, Any]) -> BaseModel:
    """A payload as its kind's type.

    Raises:
        DataError: a key that is not known, is missing, or has a value that cannot be.
    """
    from pydantic import ValidationError

    try:
        return kind.payload.model_validate(dict(payload))
    except ValidationError as err:
        first = err.errors(include_input=False, include_url=False)[0]
        place = ".".join(["payload", *map(str, first["loc"])])[:120]
        raise DataError(
            f"{str(first['msg']).removeprefix('Value error, ')[:200]}.",
            value=place,
            allowed=", ".join(kind.payload.model_fields),
            cure=f"Change '{place}'.",
            field=place,
        ) from err
