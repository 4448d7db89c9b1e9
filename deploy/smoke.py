"""The smoke test: a few real requests to a release that nobody else is sent to yet."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, RootModel, model_validator

from deploy.manifest import ROOT, checked, read_yaml
from gongbang.errors import GongbangError, OptionError

FILE = "deploy/smoke.yaml"
SERVER = "server"
"""Whom a step asks that names no service."""


def _opener() -> urllib.request.OpenerDirector:
    """Keeps cookies as a browser does, and asks no proxy: one of the environment knows no loopback."""
    no_proxy = urllib.request.ProxyHandler({})
    return urllib.request.build_opener(no_proxy, urllib.request.HTTPCookieProcessor())


class SmokeError(GongbangError):
    """A release that does not do what it must."""


class Step(BaseModel):
    """One request, and what its answer must be.

    Attributes:
        name: what it shows.
        service: whom it asks.
        get, post, delete: the path; one of them.
        body: sent as JSON. form: sent as a form.
        secret: fields of the form whose values are files of the folder of secrets, by the files' names.
        status: that the answer has.
        without_key: sends no key. key: the file of the key; that of the smoke test when None.
        has, one_of, present: what is at dotted places of the answer. keep: for later steps.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    service: str = SERVER
    get: str | None = None
    post: str | None = None
    delete: str | None = None
    body: Any = None
    form: dict[str, str] = {}
    secret: dict[str, str] = {}
    status: Annotated[int, Field(ge=200, le=599)] = 200
    without_key: bool = False
    key: str | None = None
    has: dict[str, Any] = {}
    one_of: dict[str, list[Any]] = {}
    present: list[str] = []
    keep: dict[str, str] = {}

    @model_validator(mode="after")
    def _one_address(self) -> Self:
        named = [path for path in (self.get, self.post, self.delete) if path is not None]
        if len(named) != 1 or not named[0].startswith("/"):
            raise ValueError("a step has one of 'get', 'post' and 'delete', with a path")
        if (self.form or self.secret) and (self.body is not None or self.post is None):
            raise ValueError("a form is posted, and has no 'body' beside it")
        return self

    @property
    def request(self) -> tuple[str, str]:
        """The method and the path."""
        pairs = (("GET", self.get), ("POST", self.post), ("DELETE", self.delete))
        return next((method, path) for method, path in pairs if path is not None)


class _Steps(RootModel[Annotated[list[Step], Field(min_length=1)]]):
    pass


def load_steps(path: Path | None = None) -> list[Step]:
    """The steps of a file, and for services that it does not name, or when None, those of the repository.

    Raises:
        DataError: the file cannot be read, or holds a key that is not known.
    """
    ours = _steps(ROOT / FILE)
    if path is None:
        return ours
    given = _steps(path)
    return given + [step for step in ours if step.service not in {one.service for one in given}]


def _steps(path: Path) -> list[Step]:
    return checked(_Steps, read_yaml(path, "a list of steps"), path).root


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, headers and a body, read as JSON where it is."""

    status: int
    headers: dict[str, str]
    body: Any


def ask(
    base: str,
    path: str,
    *,
    method: str = "GET",
    body: Any = None,
    form: Mapping[str, str] | None = None,
    key: str = "",
    seconds: float = 60.0,
    opener: urllib.request.OpenerDirector | None = None,
) -> Answer:
    """One request; an answer of any status is an answer. With the same opener cookies are sent again.

    Raises:
        SmokeError: nobody answers.
    """
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    data = None
    if body is not None:
        data, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
    elif form is not None:
        data = urllib.parse.urlencode(form).encode()
    request = urllib.request.Request(base + path, data, headers, method=method)
    try:
        with (opener or _opener()).open(request, timeout=seconds) as told:
            return _answer(told)
    except urllib.error.HTTPError as err:
        with err:
            return _answer(err)
    except (OSError, ValueError) as err:
        raise SmokeError(
            "nobody answers.",
            value=f"{method} {base}{path}: {err}",
            allowed="a server that listens there",
            cure="See the release's log.",
        ) from err


def _answer(told: Any) -> Answer:
    raw = told.read()
    try:
        body = json.loads(raw) if raw else None
    except ValueError:
        body = raw.decode("utf-8", "replace")[:500]
    return Answer(told.status, {name.lower(): value for name, value in told.headers.items()}, body)


def smoke(base: str, steps: Sequence[Step], key: str = "", secrets: Path | None = None) -> list[str]:
    """Go through the steps of a service; gives their names.

    Args:
        base: such as ``http://127.0.0.1:8101``.
        steps: see :func:`load_steps`.
        key: an API key of the scope "write".
        secrets: the folder of secret files, for steps that name one.

    Raises:
        SmokeError: an answer is not what its step says; nothing of a key or a password is in it.
        OptionError: a file that a step names is not there.
    """
    kept: dict[str, Any] = {}
    opener = _opener()
    for step in steps:
        method, path = step.request
        for name, value in kept.items():
            path = path.replace(f"{{{name}}}", str(value))
        shown = key if step.key is None else _secret(secrets, step.key)
        secret = {field: _secret(secrets, name) for field, name in step.secret.items()}
        told = ask(
            base,
            path,
            method=method,
            body=step.body,
            form=step.form | secret if step.form or secret else None,
            key="" if step.without_key else shown,
            opener=opener,
        )
        if told.status != step.status:
            raise _wrong(step, f"{told.status}: {_short(told.body)}", f"the status {step.status}")
        for place, wanted in step.has.items():
            _need(step, place, told.body, [wanted])
        for place, allowed in step.one_of.items():
            _need(step, place, told.body, allowed)
        for place in step.present:
            if not found(told.body, place):
                raise _wrong(step, _short(told.body), f"something at '{place}'")
        for name, place in step.keep.items():
            kept[name] = found(told.body, place)
    return [step.name for step in steps]


def _secret(folder: Path | None, name: str) -> str:
    """The first line of a secret file."""
    try:
        return ((folder or Path()) / name).read_text(encoding="utf-8").partition("\n")[0].strip()
    except OSError as err:
        raise OptionError(
            "the smoke test needs a secret file that is not there.",
            value=str((folder or Path()) / name),
            allowed="a file of the folder of secrets",
            cure="Put it there, see docs/deploy.md; or leave the step out: --smoke FILE.",
        ) from err


def _need(step: Step, place: str, body: Any, allowed: Sequence[Any]) -> None:
    held = found(body, place)
    if held not in allowed:
        raise _wrong(step, f"{place}: {_short(held)}", " or ".join(map(_short, allowed)))


def found(body: Any, place: str) -> Any:
    """The value at a dotted place; None where there is none.

    Example:
        >>> found({"predictions": [{"text": "긍정"}]}, "predictions.0.text")
        '긍정'
    """
    for part in place.split("."):
        if isinstance(body, dict):
            body = body.get(part)
        elif isinstance(body, list) and part.isdecimal() and int(part) < len(body):
            body = body[int(part)]
        else:
            return None
    return body


def _wrong(step: Step, value: str, allowed: str) -> SmokeError:
    method, path = step.request
    return SmokeError(
        f"the smoke test failed at '{step.name}' ({method} {path}).",
        value=value,
        allowed=allowed,
        cure="The old release goes on serving. Mend the new one, or its configuration, and release again.",
    )


def _short(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)[:200]
