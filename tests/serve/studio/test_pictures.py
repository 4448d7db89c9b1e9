"""Stickers: names without a folder, pictures of a folder and of nowhere else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gongbang.apps.sticker_words import EMOTION_WORDS
from gongbang.errors import DataError, OptionError
from gongbang.serve.studio.pictures import CATALOGUE, Stickers

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)


def folder(path: Path, picture: str, data: bytes | None = PNG) -> Path:
    row = {"id": "a", "name": "우는 얼굴", "keywords": ["눈물", "슬픔"], "picture": picture}
    (path / CATALOGUE).write_text(json.dumps(row, ensure_ascii=False), encoding="utf-8")
    if data is not None:
        (path / "a.png").write_bytes(data)
    return path


@pytest.mark.parametrize("emotion", EMOTION_WORDS)
def test_the_names_that_come_along_have_something_for_every_emotion(emotion: str):
    found = Stickers.open(None).pick({emotion: 0.9})
    assert found and all(one.reason for one in found)


def test_nothing_is_shown_without_a_folder():
    stickers = Stickers.open(None)
    assert all(stickers.shown(one.picture, one.name) == "" for one in stickers.catalogue.stickers)
    assert stickers.pick({"positive": 0.9}) == []


def test_a_picture_goes_into_the_page(tmp_path):
    stickers = Stickers.open(folder(tmp_path, "a.png"))
    html = stickers.shown("a.png", "우는 '얼굴'")
    assert html.startswith("<img src='data:image/png;base64,") and "&#x27;" in html
    assert "😢" in stickers.shown("😢", "우는 얼굴")


@pytest.mark.parametrize("picture", ["../secret.png", "/etc/hostname.png", "gone.png", "notes.txt-and-more"])
def test_what_is_no_picture_of_the_folder_is_refused(tmp_path, picture):
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "secret.png").write_bytes(PNG)
    with pytest.raises(DataError):
        Stickers.open(folder(inside, picture)).shown(picture, "x")


def test_a_large_picture_is_refused(tmp_path):
    stickers = Stickers.open(folder(tmp_path, "a.png", bytes(300_001)))
    with pytest.raises(DataError, match="cannot be shown"):
        stickers.shown("a.png", "x")


def test_a_folder_without_a_catalogue_is_refused(tmp_path):
    with pytest.raises(OptionError):
        Stickers.open(tmp_path)
