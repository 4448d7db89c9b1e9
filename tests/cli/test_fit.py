"""``gongbang fit``: keys to set, for people and as JSON."""

from __future__ import annotations

from gongbang.train.fit import Fit
from gongbang.train.fit_search import Attempt

FIT = Fit(
    batch_size=4,
    accumulate=2,
    precision="fp32",
    memory=3 * 2**30,
    limit=4 * 2**30,
    verified=True,
    out_of_time=False,
    fixed=2.0 * 2**30,
    per_token=2.0 * 2**20,
    length=128,
    examples_per_second=2.5,
    seconds=31.0,
    attempts=(
        Attempt(1, "fp32", "ok", 2**31, 2**31, 0.4, 128),
        Attempt(8, "fp32", "over", 5 * 2**30),
        Attempt(4, "fp32", "ok", 3 * 2**30, 3 * 2**30, 1.6, 128),
    ),
    notes=("a note",),
)


def test_people_read_the_keys_and_json_holds_every_trial(call, made, monkeypatch):
    asked = {}

    def fit_recipe(recipe, *, memory, seconds):
        asked.update(recipe=recipe, memory=memory, seconds=seconds)
        return FIT

    monkeypatch.setattr("gongbang.train.fit.fit_recipe", fit_recipe)
    words = ("fit", made / "recipe.yaml", "--memory", "4GiB", "--set", "training.seed=3")
    called = call(*words)
    assert called.code == 0
    assert "--set training.batch_size=4 --set training.accumulate=2" in called.out
    assert "3.0 GiB of 4.0 GiB (measured), 2.5 examples/s" in called.out and "note: a note" in called.out
    assert "2.0 GiB + 256 MiB for each row of 128 tokens" in called.out and "over" in called.out
    assert asked["memory"] == 4 * 2**30 and asked["seconds"] == 55.0 and asked["recipe"].training.seed == 3
    data = call(*words, "--json").data
    assert data["set"]["training.batch_size"] == 4 and data["verified"] is True
    assert [attempt["status"] for attempt in data["attempts"]] == ["ok", "over", "ok"]


def test_what_cannot_be_fitted_is_told_in_four_lines(call, made):
    for words, told in (
        ((made / "recipe.yaml",), "--memory"),
        ((made / "recipe.yaml", "--memory", "much"), "no size"),
        ((made / "recipe.yaml", "--memory", "1GiB", "--seconds", "0"), "no time to look"),
        ((made / "absent.yaml", "--memory", "1GiB"), "no recipe of that name"),
    ):
        called = call("fit", *words)
        assert called.code == 2 and len(called.lines) == 4 and told in called.err, called
