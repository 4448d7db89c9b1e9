"""Keys: what is kept of them, which one a secret opens, and how often it may ask."""

from __future__ import annotations

import pytest

from gongbang.errors import OptionError
from gongbang.serve.access.bucket import Bucket
from gongbang.serve.access.door import scope_of
from gongbang.serve.access.keys import Key, found, keys_of, new_key


def test_a_secret_is_kept_nowhere_and_opens_its_key_alone():
    pairs = [new_key(f"k{n}", scope) for n, scope in enumerate(("read", "write", "admin"))]
    keys = [key for _, key in pairs]
    for secret, key in pairs:
        assert secret not in str(key.to_dict()) and found(secret, keys) is key
        assert found(secret[:-1], keys) is None and found(key.hash, keys) is None
    assert len({secret for secret, _ in pairs}) == 3 and found("", keys) is None


def test_every_key_is_looked_at_whichever_it_is(monkeypatch):
    pairs = [new_key(f"k{n}") for n in range(4)]
    seen = []
    from gongbang.serve.access import keys as module

    def counting(a, b):
        seen.append(b)
        return a == b

    monkeypatch.setattr(module, "compare_digest", counting)
    for secret in (pairs[0][0], pairs[3][0], "gb_none"):
        seen.clear()
        found(secret, [key for _, key in pairs])
        assert len(seen) == 4


@pytest.mark.parametrize(
    "plain",
    [
        "gb_secret",
        ["gb_secret"],
        [{"name": "a"}],
        [{"name": "a", "hash": "0" * 63}],
        [{"name": "a", "hash": "0" * 64, "scope": "all"}],
        [{"name": "a", "hash": "0" * 64, "rate": 0}],
        [{"name": "a", "hash": "0" * 64, "rate": "fast"}],
        [{"name": "a", "hash": "0" * 64, "burst": 0}],
        [{"name": "", "hash": "0" * 64}],
        [{"name": "a", "hash": "0" * 64}, {"name": "a", "hash": "1" * 64}],
    ],
)
def test_a_list_of_keys_that_cannot_be_is_refused(plain):
    with pytest.raises(OptionError):
        keys_of(plain)


def test_an_unknown_field_is_told_the_nearest():
    with pytest.raises(OptionError, match="scope"):
        keys_of([{"name": "a", "hash": "0" * 64, "scop": "read"}])


def test_what_is_listed_comes_back():
    _, key = new_key("shop", "write", rate=2.5, burst=5)
    assert keys_of([key.to_dict()]) == (key,)
    assert keys_of([{"name": "a", "hash": "0" * 64}])[0] == Key("a", "0" * 64)


def test_tokens_drip_in_and_no_more_than_fit():
    now = [0.0]
    bucket = Bucket(2.0, 3, clock=lambda: now[0])
    assert [bucket.take() for _ in range(4)] == [0, 0, 0, 1]
    now[0] = 0.5
    assert [bucket.take() for _ in range(2)] == [0, 1]
    now[0] = 100.0
    assert [bucket.take() for _ in range(4)] == [0, 0, 0, 1]
    slow = Bucket(0.1, 1, clock=lambda: 0.0)
    assert (slow.take(), slow.take()) == (0, 10)


def test_what_each_request_takes():
    assert scope_of("GET", "/v1/conversations") == scope_of("HEAD", "/metrics") == "read"
    assert scope_of("POST", "/v1/ask") == scope_of("POST", "/v1/predict/a") == "read"
    assert scope_of("POST", "/v1/chat") == scope_of("DELETE", "/v1/answers/1") == "write"
    assert scope_of("POST", "/v1/anything/new") == scope_of("PUT", "/v1/predict/a") == "write"
    assert scope_of("POST", "/v1/models/a/reload") == scope_of("PATCH", "/v1/models/a") == "admin"
