"""Where a server's settings come from: a file, then the environment, then flags; the last one wins.

Every setting is a field of :class:`~gongbang.serve.settings.ServeSettings`, and each of the three places
writes it the same way, so a new field is a key, a variable and a flag at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from gongbang.artifacts.store import nearest
from gongbang.errors import OptionError
from gongbang.serve.access.keys import Key, keys_of
from gongbang.serve.models.batcher import Limits
from gongbang.serve.settings import ServeSettings

PREFIX = "GONGBANG_SERVE_"
FILE = f"{PREFIX}CONFIG"
"""The variable that names the file, where no flag does."""
_YES, _NO = ("true", "yes", "on", "1"), ("false", "no", "off", "0")
_PASSWORD = re.compile(r"(?<=://)([^:/@\s]*):\S*@")
_PASSWORD_IN_QUERY = re.compile(r"(?<=[?&]password=)[^&]*", re.IGNORECASE)
NAMES = tuple(field.name for field in fields(ServeSettings))


def resolve(
    flags: Mapping[str, Any], environment: Mapping[str, str], file: str | Path | None = None
) -> ServeSettings:
    """The settings of a server.

    Args:
        flags: settings by name, as text or as they are; None where a flag was not given.
        environment: of the process; every ``GONGBANG_SERVE_...`` in it is a setting.
        file: the configuration file; the one that the environment names when None.

    Raises:
        OptionError: an unknown key, with the nearest one, or a value that cannot be.

    Example:
        >>> resolve({"port": "9000"}, {"GONGBANG_SERVE_PORT": "8500", "GONGBANG_SERVE_QUEUE": "8"}).port
        9000
    """
    file = file or environment.get(FILE) or None
    values: dict[str, Any] = {} if file is None else _from_file(Path(file))
    for name, text in environment.items():
        if name.startswith(PREFIX) and name != FILE:
            key = _known(name.removeprefix(PREFIX).lower(), name)
            values[key] = _value(key, text, name)
    for name, given in flags.items():
        if given is not None:
            values[name] = _value(name, given, f"--{name.replace('_', '-')}")
    return ServeSettings(**values)


def _from_file(path: Path) -> dict[str, Any]:
    import yaml

    try:
        tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as err:
        raise OptionError(
            "the configuration file cannot be read.",
            value=f"{path}: {' '.join(str(err).split())[:200]}",
            allowed="a YAML file of settings",
            cure="Check the path and the place that the message names.",
        ) from err
    if not isinstance(tree, Mapping):
        if tree is None:
            return {}
        raise _cannot("a configuration file", f"{path}: {type(tree).__name__}", "keys and values", str(path))
    return {
        key: _value(key, value, f"{path}: {key}")
        for key, value in ((_known(str(name), str(path)), held) for name, held in tree.items())
        if value is not None
    }


def _known(name: str, where: str) -> str:
    if name in NAMES:
        return name
    near = nearest(name, NAMES, count=1)
    raise OptionError(
        f"there is no setting of this name ({where}).",
        value=name,
        allowed=", ".join(NAMES),
        cure=f"Did you mean '{near[0]}'?" if near else "gongbang serve --help says what there is.",
    )


# -- values ----------------------------------------------------------------------------------------


def _hints() -> dict[str, Any]:
    return get_type_hints(ServeSettings, {**vars(_settings_module()), "Key": Key, "Limits": Limits})


def _settings_module() -> Any:
    from gongbang.serve import settings

    return settings


def _value(name: str, given: Any, where: str) -> Any:
    """A value of the setting's own type."""
    if name == "keys":
        if isinstance(given, str):
            raise _cannot("keys", "***", "a list in the configuration file", where)
        return keys_of(given)
    if name == "models":
        return _models(given, where)
    hint = _hints()[name]
    kinds = [kind for kind in get_args(hint) if kind is not type(None)]
    if get_origin(hint) in (Union, UnionType) and len(kinds) == 1:
        hint = kinds[0]
    if get_origin(hint) is Literal:
        if given not in get_args(hint):
            raise _cannot(f"the setting '{name}'", given, ", ".join(get_args(hint)), where)
        return given
    if get_origin(hint) is tuple:
        return _texts(name, given, where)
    try:
        return _PLAIN[hint](given)
    except (TypeError, ValueError) as err:
        raise _cannot(f"the setting '{name}'", given, _CALLED[hint], where) from err


def _bool(given: Any) -> bool:
    if isinstance(given, bool):
        return given
    word = str(given).lower()
    if word not in _YES + _NO:
        raise ValueError(word)
    return word in _YES


def _int(given: Any) -> int:
    if isinstance(given, bool) or (isinstance(given, float) and not given.is_integer()):
        raise ValueError(given)
    return int(given)


def _float(given: Any) -> float:
    if isinstance(given, bool):
        raise ValueError(given)
    return float(given)


def _text(given: Any) -> str:
    if not isinstance(given, str) or not given.strip():
        raise ValueError(given)
    return given


_PLAIN: dict[Any, Callable[[Any], Any]] = {
    bool: _bool,
    int: _int,
    float: _float,
    str: _text,
    Path: lambda given: Path(_text(str(given))),
}
_CALLED = {bool: "true or false", int: "a whole number", float: "a number", str: "a text", Path: "a path"}


def _texts(name: str, given: Any, where: str) -> tuple[str, ...]:
    if isinstance(given, str):
        given = [part.strip() for part in given.split(",") if part.strip()]
    if not isinstance(given, (list, tuple)) or not all(isinstance(one, str) and one for one in given):
        raise _cannot(f"the setting '{name}'", given, "a list of texts", where)
    return tuple(given)


def _models(given: Any, where: str) -> dict[str, str]:
    """Artifacts by name, from a mapping or from ``[NAME=]ARTIFACT`` words."""
    if isinstance(given, Mapping):
        pairs = [(str(name), str(path)) for name, path in given.items()]
    else:
        pairs = [model_named(word) for word in _texts("models", given, where)]
    models: dict[str, str] = {}
    for name, path in pairs:
        if not _NAME.fullmatch(name):
            raise _cannot("a model's name", name, "letters, digits, '.', '_' and '-', 64 at most", where)
        if name in models:
            raise _cannot("two models of the same name", name, "a name of its own for each", where)
        models[name] = path
    return models


_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def model_named(word: str) -> tuple[str, str]:
    """The name and the artifact of ``[NAME=]ARTIFACT``.

    Example:
        >>> model_named("reader-ko"), model_named("qa=models/mine"), model_named("models/mine/")
        (('reader-ko', 'reader-ko'), ('qa', 'models/mine'), ('mine', 'models/mine/'))
    """
    name, sign, path = word.partition("=")
    return (name, path) if sign and "/" not in name else (Path(word).name, word)


def _cannot(what: str, value: object, allowed: str, where: str) -> OptionError:
    return OptionError(
        f"{what} cannot be used ({where}).", value=value, allowed=allowed, cure=f"Change it: {where}."
    )


# -- shown -----------------------------------------------------------------------------------------


def shown(settings: ServeSettings) -> dict[str, Any]:
    """The settings as plain data, without secrets: passwords in URLs and hashes of keys are hidden.

    Example:
        >>> shown(ServeSettings("mysql://ann:secret@db/answers"))["database"]
        'mysql://ann:***@db/answers'
    """
    return {field.name: _shown(getattr(settings, field.name)) for field in fields(settings)}


def _shown(value: Any) -> Any:
    if isinstance(value, Key):
        return {name: held for name, held in value.to_dict().items() if name != "hash"}
    if isinstance(value, Mapping):
        return {str(name): _shown(held) for name, held in value.items()}
    if isinstance(value, (list, tuple)):
        return [_shown(one) for one in value]
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, str):
        return _PASSWORD_IN_QUERY.sub("***", _PASSWORD.sub(r"\1:***@", value))
    return value
