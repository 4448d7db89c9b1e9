"""The table of words: both languages say everything, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import gongbang.serve.studio as package
from gongbang.errors import OptionError
from gongbang.serve.studio.markup import PAGES
from gongbang.serve.studio.words import LANGUAGES, TABLE, Words

SOURCES = [
    path.read_text(encoding="utf-8")
    for path in sorted(Path(package.__file__).parent.rglob("*.py"))
    if path.name != "words.py"
]
PLACED = re.compile(r"\{(\w+)\}")
HANGUL = re.compile("[가-힣]")


@pytest.mark.parametrize("key", TABLE)
def test_both_languages_say_it_with_the_same_values(key: str):
    korean, english = TABLE[key]
    assert korean.strip() and english.strip()
    assert set(PLACED.findall(korean)) == set(PLACED.findall(english))
    assert HANGUL.search(korean)
    if not key.endswith(".example"):  # the documents and answers of the samples are Korean
        assert not HANGUL.search(english)


def used() -> tuple[set[str], set[str]]:
    """Keys that the sources name in full, and the beginnings of those that they put together."""
    text = "\n".join(SOURCES)
    named = {key for key in TABLE if re.search(rf"""["']{re.escape(key)}["']""", text)}
    begun = set(re.findall(r"""f["']([a-z-]+[.][a-z-]*)\{""", text))
    return named, begun


def test_every_word_is_used():
    named, begun = used()
    made = {key for key in TABLE if any(key.startswith(start) for start in begun)}
    made |= {key for key in TABLE if key.removesuffix(".hint") in PAGES}  # "<page>.hint" of the head
    made |= {key for key in TABLE if key.startswith("problem.")}  # Words.problem
    assert set(TABLE) - named - made == set()


def test_every_key_that_is_named_is_there():
    text = "\n".join(SOURCES)
    called = set(re.findall(r"""words\(["']([a-z.-]+)["']""", text))
    assert called and called <= set(TABLE)


def test_a_language_that_is_not_spoken_is_refused():
    with pytest.raises(OptionError) as err:
        Words("fr")
    assert err.value.allowed == ", ".join(LANGUAGES)


def test_a_problem_without_a_name_has_a_common_one():
    words = Words("en")
    assert words.problem("busy") == "The server is busy."
    assert words.problem("teapot") == words("problem.other")
