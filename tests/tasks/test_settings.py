"""A task's settings from plain data."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest

from gongbang.errors import ArtifactError
from gongbang.tasks.encode import EncodeConfig
from gongbang.tasks.reader import ReaderConfig
from gongbang.tasks.settings import settings_from


@pytest.mark.parametrize("kind", [ReaderConfig, EncodeConfig])
def test_a_key_of_a_newer_release_is_told_in_four_lines(kind: type):
    with pytest.raises(ArtifactError, match="does not know") as caught:
        settings_from(kind, {"max_length": 128, "late_interaction": True})
    assert "late_interaction" in str(caught.value.value)
    assert "pip install -U gongbang" in caught.value.cure and "max_length" in caught.value.allowed


def test_a_slip_of_the_pen_gets_its_neighbour():
    with pytest.raises(ArtifactError) as caught:
        settings_from(ReaderConfig, {"strid": 64})
    assert "'stride'" in caught.value.cure


def test_what_is_left_out_keeps_its_default():
    assert settings_from(ReaderConfig, {"stride": 64}) == ReaderConfig(stride=64)


@pytest.mark.parametrize(
    ("kind", "key", "value"),
    [
        (ReaderConfig, "max_length", "abc"),
        (ReaderConfig, "max_length", 96.5),
        (ReaderConfig, "stride", True),
        (ReaderConfig, "slope", "1"),
        (ReaderConfig, "trim", 1),
        (ReaderConfig, "title", ["question"]),
        (ReaderConfig, "normalise", "nfkc"),
        (ReaderConfig, "normalise", ["nfkc", 3]),
        (ReaderConfig, "retrieval_weight", None),
        (EncodeConfig, "question_prefix", 7),
    ],
)
def test_a_value_of_another_kind_is_told_in_four_lines(kind: type, key: str, value: object):
    with pytest.raises(ArtifactError, match=f"'{key}' has a value of another kind") as caught:
        settings_from(kind, {key: value})
    assert len(caught.value.lines()) == 4


def test_a_whole_number_is_a_number_and_a_configuration_read_back_is_itself():
    assert settings_from(ReaderConfig, {"slope": 2}).slope == 2
    for kind in (ReaderConfig, EncodeConfig):
        assert settings_from(kind, json.loads(json.dumps(asdict(kind())))) == kind()
