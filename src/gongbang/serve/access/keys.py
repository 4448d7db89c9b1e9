"""API keys: made once, kept as hashes, compared without a clue in the time that it takes."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hmac import compare_digest
from typing import Any

from gongbang.artifacts.hashing import bytes_hash
from gongbang.artifacts.store import nearest
from gongbang.errors import OptionError

SCOPES = ("read", "write", "admin")
"""What a key may do; each one may do what those before it may."""
RATE, BURST = 20.0, 40
"""Requests a second, and at once after a pause, where a key says nothing else."""
_PREFIX = "gb_"
_FIELDS = ("name", "hash", "scope", "rate", "burst")


@dataclass(frozen=True, slots=True)
class Key:
    """A key as the configuration holds it.

    Attributes:
        name: whose it is, for people; in the log, never in an answer.
        hash: SHA-256 of the secret, in hexadecimal. A secret is 256 random bits: nothing slower is needed.
        scope: one of :data:`SCOPES`.
        rate: requests a second. burst: requests at once after a pause.

    Raises:
        OptionError: a scope, a hash, a rate or a burst that cannot be.
    """

    name: str
    hash: str
    scope: str = "read"
    rate: float = RATE
    burst: int = BURST

    def __post_init__(self) -> None:
        if not self.name or not self.name.isprintable():
            raise _wrong("a key's name", self.name, "a name for people, such as 'shop'")
        if len(self.hash) != 64 or not set(self.hash) <= set("0123456789abcdef"):
            raise _wrong(f"the hash of the key '{self.name}'", self.hash, "64 hexadecimal digits")
        if self.scope not in SCOPES:
            raise _wrong(f"the scope of the key '{self.name}'", self.scope, ", ".join(SCOPES))
        if not 0 < self.rate <= 1e6 or not 1 <= self.burst <= 1_000_000:
            raise _wrong(
                f"the rate of the key '{self.name}'",
                f"{self.rate}, {self.burst}",
                "rate above 0, burst 1 or more",
            )

    def may(self, scope: str) -> bool:
        """Whether it may do what a scope allows.

        Example:
            >>> Key("shop", "0" * 64, "write").may("read"), Key("shop", "0" * 64).may("admin")
            (True, False)
        """
        return SCOPES.index(self.scope) >= SCOPES.index(scope)

    def to_dict(self) -> dict[str, Any]:
        """For the configuration file."""
        return {name: getattr(self, name) for name in _FIELDS}


def new_key(name: str, scope: str = "read", *, rate: float = RATE, burst: int = BURST) -> tuple[str, Key]:
    """A new secret, to be shown once, and the key to keep.

    Raises:
        OptionError: see :class:`Key`.

    Example:
        >>> secret, key = new_key("shop", "write")
        >>> found(secret, [key]).name, secret in str(key)
        ('shop', False)
    """
    secret = _PREFIX + secrets.token_urlsafe(32)
    return secret, Key(name, bytes_hash(secret.encode()), scope, rate, burst)


def found(secret: str, keys: Sequence[Key]) -> Key | None:
    """The key that a secret opens; every key is looked at, whichever it is."""
    digest = bytes_hash(secret.encode("utf-8", "surrogatepass"))
    match: Key | None = None
    for key in keys:
        if compare_digest(digest, key.hash):
            match = key
    return match


def keys_of(plain: Any) -> tuple[Key, ...]:
    """The keys that a configuration lists.

    Raises:
        OptionError: no list of mappings, an unknown field, or the same name twice.
    """
    if not isinstance(plain, Sequence) or isinstance(plain, str):
        raise _wrong("'keys'", plain, "a list, one mapping a key")
    keys = tuple(_key(one) for one in plain)
    names = [key.name for key in keys]
    for name in names:
        if names.count(name) > 1:
            raise _wrong("two keys of the same name", name, "a name of its own for each")
    return keys


def _key(plain: Any) -> Key:
    if not isinstance(plain, Mapping):
        raise _wrong("an entry of 'keys'", plain, f"a mapping with {', '.join(_FIELDS)}")
    for name in plain:
        if name not in _FIELDS:
            near = nearest(str(name), _FIELDS, count=1)
            cure = f"Did you mean '{near[0]}'?" if near else "Leave it out."
            raise OptionError(
                "a key has a field that is not known.", value=name, allowed=", ".join(_FIELDS), cure=cure
            )
    try:
        return Key(
            str(plain["name"]),
            str(plain["hash"]),
            str(plain.get("scope", "read")),
            float(plain.get("rate", RATE)),
            int(plain.get("burst", BURST)),
        )
    except (KeyError, TypeError, ValueError) as err:
        raise _wrong(
            "an entry of 'keys'", f"{type(err).__name__} {err}", "name, hash, scope, rate, burst"
        ) from err


def _wrong(what: str, value: object, allowed: str) -> OptionError:
    return OptionError(
        f"{what} cannot be used.",
        value=value,
        allowed=allowed,
        cure="Make keys with: gongbang keys new --name NAME --scope read",
    )
