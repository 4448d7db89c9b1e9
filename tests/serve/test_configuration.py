"""Settings from a file, the environment and flags: the last one wins, and what is unknown is told."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from gongbang.errors import OptionError
from gongbang.serve.access.keys import new_key
from gongbang.serve.configuration import NAMES, model_named, resolve, shown
from gongbang.serve.settings import ServeSettings


def written(path: Path, **values) -> Path:
    path.write_text(yaml.safe_dump(values, allow_unicode=True), encoding="utf-8")
    return path


def test_flags_go_before_the_environment_and_that_before_the_file(tmp_path):
    file = written(tmp_path / "serve.yaml", port=1, queue=2, batch=3, models={"qa": "reader-ko"})
    settings = resolve({"port": "10"}, {"GONGBANG_SERVE_QUEUE": "20", "GONGBANG_SERVE_PORT": "11"}, file)
    assert (settings.port, settings.queue, settings.batch) == (10, 20, 3)
    assert settings.models == {"qa": "reader-ko"} and settings.host == "127.0.0.1"
    assert resolve({}, {"GONGBANG_SERVE_CONFIG": str(file)}).port == 1
    assert resolve({"port": None}, {"HOME": "/", "GONGBANG_CACHE": "x"}) == ServeSettings()


def test_each_place_writes_every_kind_of_setting(tmp_path):
    texts = {
        "GONGBANG_SERVE_MODELS": "reader-ko, mood=models/sentiment-ko",
        "GONGBANG_SERVE_DENSE": "no",
        "GONGBANG_SERVE_CHAT": "no",
        "GONGBANG_SERVE_ORIGINS": "https://a.example,https://b.example",
        "GONGBANG_SERVE_WATCH_S": "2.5",
        "GONGBANG_SERVE_VECTORS": "v",
        "GONGBANG_SERVE_MIXING": "never",
    }
    file = written(
        tmp_path / "serve.yaml",
        models=["reader-ko", "mood=models/sentiment-ko"],
        dense=False,
        chat=False,
        origins=["https://a.example", "https://b.example"],
        watch_s=2.5,
        vectors="v",
        mixing="never",
    )
    flags = {
        "models": ["reader-ko", "mood=models/sentiment-ko"],
        "dense": False,
        "chat": False,
        "origins": ["https://a.example", "https://b.example"],
        "watch_s": "2.5",
        "vectors": "v",
        "mixing": "never",
    }
    assert resolve({}, texts) == resolve({}, {}, file) == resolve(flags, {})
    assert resolve({}, texts).chat is False and ServeSettings().chat is None
    assert resolve({}, texts).models == {"reader-ko": "reader-ko", "mood": "models/sentiment-ko"}


@pytest.mark.parametrize(
    ("flags", "environment", "told"),
    [
        ({}, {"GONGBANG_SERVE_PROT": "1"}, "'port'"),
        ({"port": "x"}, {}, "--port"),
        ({}, {"GONGBANG_SERVE_PORT": "1.5"}, "GONGBANG_SERVE_PORT"),
        ({"port": "0"}, {}, "1 to 65535"),
        ({"queue": "0"}, {}, "--queue"),
        ({"deadline_s": "0"}, {}, "--deadline-s"),
        ({"mixing": "sometimes"}, {}, "equal, always, never"),
        ({"dense": "perhaps"}, {}, "true or false"),
        ({"chat": "perhaps"}, {}, "true or false"),
        ({"chat": True}, {}, "--database"),
        ({"models": ["a=b", "a=c"]}, {}, "same name"),
        ({"models": ["a b=c"]}, {}, "letters, digits"),
        ({"origins": ["*"]}, {}, "origin"),
        ({"origins": ["https://a.example/path"]}, {}, "origin"),
        ({}, {"GONGBANG_SERVE_KEYS": "gb_secret"}, "configuration file"),
        ({"docs": ["a"], "index": "b"}, {}, "docs or index"),
    ],
)
def test_what_cannot_be_is_told_with_its_place(flags, environment, told):
    with pytest.raises(OptionError) as caught:
        resolve(flags, environment)
    assert told in str(caught.value) and "gb_secret" not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["prot: 1", "- a", "a: [", "port: [1]", "models: 3", "keys: 3", "dense: maybe"]
)
def test_a_file_that_cannot_be_is_told_with_its_name(tmp_path, text):
    file = tmp_path / "serve.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(OptionError) as caught:
        resolve({}, {}, file)
    assert "serve.yaml" in str(caught.value) or "'keys'" in str(caught.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(OptionError, match=r"none\.yaml"):
        resolve({}, {}, tmp_path / "none.yaml")


def test_what_is_shown_can_be_read_back_but_for_the_secrets(tmp_path):
    secret, key = new_key("shop", "write")
    settings = ServeSettings(
        "mysql://ann:p/w:d@db/answers?password=q", keys=(key,), models={"a": "b"}, docs=("notes",)
    )
    told = yaml.safe_dump(shown(settings))
    assert not any(word in told for word in ("p/w:d", "password=q", key.hash, secret))
    assert "ann" in told and "shop" in told
    plain = {name: value for name, value in shown(settings).items() if name not in ("keys", "database")}
    again = resolve({}, {}, written(tmp_path / "again.yaml", **plain))
    assert again == ServeSettings(models={"a": "b"}, docs=("notes",))
    assert set(plain) | {"keys", "database"} == set(NAMES)


def test_names_of_models():
    assert model_named("a=b=c") == ("a", "b=c")
    assert model_named("models/x=y") == ("x=y", "models/x=y")
