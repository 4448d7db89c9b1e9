"""The cache of providers: asked once, a reason for every failure, and a kill costs one batch."""

from __future__ import annotations

import multiprocessing
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest

from gongbang.augment.provider_cache import CachedProvider, Estimate, stored_provider
from gongbang.augment.providers import ProviderFailure
from gongbang.errors import DataError, MissingExtraError, OptionError


class Shouts:
    """A translator that writes in capitals, counts what it is asked, and can be told to misbehave."""

    name = "shouts"

    def __init__(self, version: str = "1", after: int | None = None, **odd: object) -> None:
        self.version, self.options, self.after, self.odd = version, {"beam": 5}, after, odd
        self.asked: list[str] = []

    def translate(self, texts: Sequence[str], source: str, target: str) -> list:
        for text in texts:
            if self.after is not None and len(self.asked) >= self.after:
                raise KeyboardInterrupt
            self.asked.append(text)
        if any(isinstance(self.odd.get(text), Exception) for text in texts):
            raise next(e for text in texts if isinstance(e := self.odd.get(text), Exception))
        return [self.odd.get(text, text.upper()) for text in texts]

    def generate(self, contexts: Sequence[str], answers: Sequence[str]) -> list:
        self.asked += contexts
        return [f"{answer}?" for answer in answers]


def test_a_row_is_asked_once_whatever_the_call(tmp_path: Path):
    shouts = Shouts()
    cached = CachedProvider(shouts, tmp_path, batch=2)
    assert cached.translate(["a", "b", "a", "c"], "en", "ko") == ["A", "B", "A", "C"]
    assert CachedProvider(shouts, tmp_path).translate(["c", "a"], "en", "ko") == ["C", "A"]
    assert shouts.asked == ["a", "b", "c"]


def test_direction_version_options_and_verb_are_part_of_the_key(tmp_path: Path):
    shouts = Shouts()
    cached = CachedProvider(shouts, tmp_path)
    cached.translate(["a"], "en", "ko")
    cached.translate(["a"], "ko", "en")
    newer = Shouts(version="2")
    CachedProvider(newer, tmp_path).translate(["a"], "en", "ko")
    wider = Shouts()
    wider.options = {"beam": 1}
    CachedProvider(wider, tmp_path).translate(["a"], "en", "ko")
    assert cached.generate(["a"], ["b"]) == ["b?"]
    assert shouts.asked == ["a", "a", "a"] and newer.asked == ["a"] and wider.asked == ["a"]


def test_context_and_answer_are_not_run_together(tmp_path: Path):
    cached = CachedProvider(Shouts(), tmp_path)
    assert cached.generate(["ab", "a"], ["c", "bc"]) == ["c?", "bc?"]


def test_a_killed_run_goes_on_where_it_stopped(tmp_path: Path):
    texts = [f"t{n}" for n in range(10)]
    killed = Shouts(after=5)
    with pytest.raises(KeyboardInterrupt):
        CachedProvider(killed, tmp_path, batch=2).translate(texts, "en", "ko")
    again = Shouts()
    cached = CachedProvider(again, tmp_path, batch=2)
    assert cached.estimate_translation(texts, "en", "ko").cached_rows == 4
    assert cached.translate(texts, "en", "ko") == [text.upper() for text in texts]
    assert again.asked == texts[4:]  # t4 was asked in the batch that died, before anything was stored


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ("", "the output is empty"),
        (" \n", "the output is empty"),
        (None, "the output is no text but NoneType"),
        ("\ud800", "the output is no valid Unicode"),
        (ProviderFailure("too long"), "too long"),
        (ProviderFailure(""), "no reason given"),
        (RuntimeError("quota \ud800"), "RuntimeError: quota ?"),
    ],
)
def test_no_output_is_never_an_empty_string(tmp_path: Path, output: object, reason: str):
    cached = CachedProvider(Shouts(b=output), tmp_path)
    assert cached.translate(["a", "b", "c"], "en", "ko") == ["A", ProviderFailure(reason), "C"]


def test_blank_input_is_asked_of_nobody(tmp_path: Path):
    shouts = Shouts()
    assert CachedProvider(shouts, tmp_path).translate([" "], "en", "ko") == [
        ProviderFailure("the input is blank")
    ]
    assert shouts.asked == []


def test_failures_are_tried_again_up_to_a_bound(tmp_path: Path):
    failing = Shouts(b="")
    cached = CachedProvider(failing, tmp_path, attempts=2)
    for _ in range(4):
        assert cached.translate(["b"], "en", "ko") == [ProviderFailure("the output is empty")]
    assert failing.asked == ["b", "b"]
    patient = CachedProvider(Shouts(), tmp_path, attempts=3)
    assert patient.translate(["b"], "en", "ko") == ["B"]
    assert cached.translate(["b"], "en", "ko") == ["B"]


def test_a_short_answer_is_not_shifted_onto_other_rows(tmp_path: Path):
    class Drops(Shouts):
        def translate(self, texts, source, target):
            return [text.upper() for text in super().translate(texts, source, target) if text != "B"]

    found = CachedProvider(Drops(), tmp_path).translate(["a", "b", "c"], "en", "ko")
    assert found == ["A", ProviderFailure("ValueError: 0 outcomes for 1 rows"), "C"]


def test_estimate_counts_rows_and_characters_before_the_start(tmp_path: Path):
    shouts = Shouts()
    cached = CachedProvider(shouts, tmp_path)
    cached.translate(["ab"], "en", "ko")
    found = cached.estimate_translation(["ab", "cde", "cde", "f", ""], "en", "ko")
    assert found == Estimate(rows=5, characters=9, cached_rows=2, rows_to_ask=2, characters_to_ask=4)
    assert found.cached_share == 0.4 and shouts.asked == ["ab"]
    assert cached.estimate_questions([], []).cached_share == 1.0


def test_what_was_stored_first_is_what_all_are_given(tmp_path: Path):
    shouts = Shouts()
    cached = CachedProvider(shouts, tmp_path)

    class Races(Shouts):
        def translate(self, texts, source, target):
            cached.translate(texts, source, target)  # the other process is quicker
            return ["late"] * len(texts)

    assert CachedProvider(Races(), tmp_path).translate(["a"], "en", "ko") == ["A"]


def _fill(folder: str, start: int) -> None:
    texts = [f"t{n}" for n in range(start, start + 60)]
    found = CachedProvider(Shouts(), folder, batch=3).translate(texts, "en", "ko")
    assert found == [text.upper() for text in texts]


def test_two_processes_share_one_file(tmp_path: Path):
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=_fill, args=(str(tmp_path), start)) for start in (0, 30)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=120)
    assert [worker.exitcode for worker in workers] == [0, 0]
    idle = Shouts()
    texts = [f"t{n}" for n in range(90)]
    assert CachedProvider(idle, tmp_path).translate(texts, "en", "ko") == [t.upper() for t in texts]
    assert idle.asked == []


def test_a_file_that_is_no_cache_is_refused_and_left_alone(tmp_path: Path):
    path = tmp_path / "provider-cache.sqlite3"
    path.write_bytes(b"this is no database, but it is somebody's" * 40)
    with pytest.raises(DataError, match="cache of a provider"):
        CachedProvider(Shouts(), tmp_path)
    assert path.read_bytes().startswith(b"this is no")


def test_a_locked_file_is_not_blamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("gongbang.augment.provider_cache._WAIT", 0.01)
    cached = CachedProvider(Shouts(), tmp_path)
    other = sqlite3.connect(cached.path)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(DataError, match="Wait for the other process"):
        cached.translate(["a"], "en", "ko")
    other.close()


def test_a_provider_that_is_none_stops_the_run(tmp_path: Path):
    missing = MissingExtraError("sacrebleu", extra="train", purpose="translation")
    with pytest.raises(MissingExtraError):
        CachedProvider(Shouts(a=missing), tmp_path).translate(["a", "b"], "en", "ko")

    class NoTranslator:
        name, version, options = "none", "1", {}

    with pytest.raises(AttributeError):
        CachedProvider(NoTranslator(), tmp_path).translate(["a"], "en", "ko")


@pytest.mark.parametrize("options", [{"batch": 0}, {"attempts": 0}])
def test_options_are_checked(tmp_path: Path, options: dict):
    with pytest.raises(OptionError):
        CachedProvider(Shouts(), tmp_path, **options)


def test_pairs_of_unequal_length_are_refused(tmp_path: Path):
    with pytest.raises(OptionError, match="one answer a context"):
        CachedProvider(Shouts(), tmp_path).generate(["a"], [])


def test_what_is_stored_is_read_and_nothing_written(tmp_path: Path):
    shouts = Shouts(b="")
    CachedProvider(shouts, tmp_path).translate(["a", "b"], "en", "ko")
    before = (tmp_path / "provider-cache.sqlite3").read_bytes()
    stored = stored_provider(tmp_path)
    assert (stored.name, stored.version, stored.options) == ("shouts", "1", {"beam": 5})
    absent = ProviderFailure("no outcome is stored for it")
    assert stored.translate(["a", "b", "c", " "], "en", "ko") == [
        "A",
        ProviderFailure("the output is empty"),
        absent,
        ProviderFailure("the input is blank"),
    ]
    assert stored.translate(["a"], "ko", "en") == [absent]
    assert (tmp_path / "provider-cache.sqlite3").read_bytes() == before


def test_a_cache_that_does_not_say_whose_it_is(tmp_path: Path):
    with pytest.raises(DataError, match="no cache"):
        stored_provider(tmp_path)
    with pytest.raises(DataError, match="no cache"):
        CachedProvider(Shouts(), tmp_path, ask=False)
    CachedProvider(Shouts(), tmp_path)
    CachedProvider(Shouts(version="2"), tmp_path)
    with pytest.raises(OptionError, match="whose outcomes") as caught:
        stored_provider(tmp_path, "shouts")
    assert caught.value.allowed == "shouts 1, shouts 2"
    with sqlite3.connect(tmp_path / "provider-cache.sqlite3") as file:
        file.execute("DROP TABLE providers")  # as files were before they told
    with pytest.raises(OptionError, match="whose outcomes") as caught:
        stored_provider(tmp_path)
    assert "Open the cache with its provider once" in caught.value.cure
    CachedProvider(Shouts(), tmp_path).translate(["a"], "en", "ko")
    assert stored_provider(tmp_path).translate(["a"], "en", "ko") == ["A"]
