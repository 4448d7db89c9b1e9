"""Faults of highlighting, planted and caught with their cause and cure."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from gongbang.errors import ArtifactError, PreflightError
from gongbang.nn.span import HighlightedSpanModel
from gongbang.tasks import highlight
from gongbang.tasks.table import make_task
from gongbang.train.preflight import run_preflight
from gongbang.train.proofs import highlight as proof
from gongbang.train.proofs import options
from gongbang.train.proofs.trial import Trial
from tests.train.planted import refused, sound_bench


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("planted-highlight")


def nothing(question: str, context: str, sentences: int = 1) -> list[tuple[int, int]]:
    return []


def both_ends_from_the_opening_mark(question: str, context: str, sentences: int = 1) -> list[tuple[int, int]]:
    """B11: the slice between the marks was always empty."""
    return [(sentence.start, sentence.start) for sentence in highlight.splitting.split_sentences(context)]


def everything(question: str, context: str, sentences: int = 1) -> list[tuple[int, int]]:
    return [(0, len(context))]


def the_last(question: str, context: str, sentences: int = 1) -> list[tuple[int, int]]:
    last = highlight.splitting.split_sentences(context)[-1]
    return [(last.start, last.end)]


@pytest.mark.parametrize("mode", ["predicted", "oracle"])
def test_a_sound_highlight_passes_and_tells_its_recall(folder: Path, mode: str):
    report = run_preflight(sound_bench(folder, pipeline__highlight=mode, dropout=0.1))
    check = next(check for check in report.checks if check.name == "highlight")
    assert report.ok and check.status == ("noted" if mode == "oracle" else "proved")
    assert (check.numbers["recall"] == 100.0) is (mode == "oracle") and check.numbers["recall"] > 50
    assert 0.0 < float(check.numbers["tokens lit"]) < 0.9 and int(check.numbers["answerable"]) > 50
    assert any("looks at the answers" in note for note in check.notes) is (mode == "oracle")


@pytest.mark.parametrize("fault", [nothing, both_ends_from_the_opening_mark])
def test_a_highlight_that_is_all_zeros(folder: Path, monkeypatch: pytest.MonkeyPatch, fault: Any):
    """B11: every underline id was 0, and nobody noticed."""
    monkeypatch.setattr(highlight, "highlighted", fault)
    bench = sound_bench(folder, pipeline__highlight="predicted")
    refused(bench, "options act", "'highlight' changes neither", "Remove pipeline.highlight")
    with pytest.raises(PreflightError, match="no token"):  # its own proof sees it as well
        proof.prove(Trial(bench))


def test_a_highlight_of_everything(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(highlight, "highlighted", everything)
    bench = sound_bench(folder, pipeline__highlight="predicted")
    refused(bench, "options act", "every token", "Lower pipeline.highlight_sentences")


def test_a_number_of_sentences_is_no_fault_where_nothing_is_highlighted(folder: Path):
    """So that one recipe gives the rows for none, predicted and oracle."""
    bench = sound_bench(folder, pipeline__highlight_sentences=3)
    report = run_preflight(bench)
    idle = next(check for check in report.checks if check.name == "pipeline options").notes
    assert report.ok and "highlight_sentences" in idle[0]
    plain = run_preflight(sound_bench(folder, pipeline__highlight_sentences=1))
    assert "highlight" not in next(c for c in plain.checks if c.name == "pipeline options").notes[0]


def test_zeros_are_seen_whatever_the_number_of_sentences(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(highlight, "highlighted", nothing)
    bench = sound_bench(folder, pipeline__highlight="predicted", pipeline__highlight_sentences=3)
    refused(bench, "options act", "'highlight' changes neither", "Remove pipeline.highlight")


def test_a_highlight_no_better_than_chance_is_noted(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(highlight, "highlighted", the_last)
    outcome = proof.prove(Trial(sound_bench(folder, pipeline__highlight="predicted")))
    assert outcome.numbers["recall"] == 0.0 and any("by chance" in note for note in outcome.notes)


def test_another_highlighter_in_serving_than_in_training(folder: Path, monkeypatch: pytest.MonkeyPatch):
    """What was trained is refused where another function would light other sentences."""
    from gongbang.train.recipe import parse_recipe
    from gongbang.train.workbench import assemble

    bench = sound_bench(folder, pipeline__highlight="predicted")
    trained, recorded = bench.task.config(), bench.recipe.resolved()
    assert recorded["pipeline"]["highlighter"] == trained["highlighter"]
    monkeypatch.setattr(highlight, "highlighted", the_last)
    with pytest.raises(ArtifactError, match="highlighter") as caught:  # an artifact's pipeline
        make_task("reader", bench.task.tokenizer, trained)
    assert len(caught.value.lines()) == 4 and "train again" in caught.value.cure
    with pytest.raises(ArtifactError, match="highlighter"):  # a run that is resumed, repeated or exported
        assemble(parse_recipe(recorded))
    with pytest.raises(ArtifactError, match="highlighter"):  # a bench whose function changed under it
        run_preflight(bench)


class Deaf(HighlightedSpanModel):
    """It takes the highlight and never uses it."""

    def forward(self, input_ids, attention_mask, highlight_ids, token_type_ids=None):
        return super().forward(input_ids, attention_mask, 0 * highlight_ids, token_type_ids)


class Unlit(HighlightedSpanModel):
    """Its vectors stand beside the graph."""

    def forward(self, input_ids, attention_mask, highlight_ids, token_type_ids=None):
        words = self.encoder.get_input_embeddings()(input_ids)
        states = self.encoder(inputs_embeds=words, attention_mask=attention_mask).last_hidden_state
        return self._logits(states, attention_mask)


def test_vectors_that_the_model_never_adds(folder: Path):
    bench = sound_bench(folder, pipeline__highlight="predicted")
    bench.model = Unlit(bench.backbone.model, 32)
    refused(bench, "gradients", "forward pass never uses", "remove")


def test_a_vector_of_lit_tokens_that_is_never_looked_up(folder: Path):
    bench = sound_bench(folder, pipeline__highlight="predicted")
    bench.model = Deaf(bench.backbone.model, 32)
    refused(bench, "highlight is read", "reads nothing of what is lit", "highlight_ids")


def test_a_plain_model_with_a_highlighting_pipeline(folder: Path):
    plain = sound_bench(folder)
    bench = sound_bench(folder, pipeline__highlight="predicted")
    bench.model = plain.model
    refused(bench, "model inputs", "highlight_ids|does not prepare", "names|Read it")


def test_zeros_in_an_input_are_as_good_as_no_input(folder: Path):
    bench = sound_bench(folder, pipeline__highlight="predicted")
    features = bench.task.prepare(bench.training[:4])
    inputs = {name: array for name, array in features.inputs.items() if name != "highlight_ids"}
    zeros = {**inputs, "highlight_ids": 0 * features.inputs["highlight_ids"]}
    without = options.marks(replace(features, inputs=inputs))
    assert options.marks(replace(features, inputs=zeros)) == without != options.marks(features)


def test_dropout_of_the_highlight_passes(folder: Path):
    bench = sound_bench(folder, pipeline__highlight="predicted", model={"highlight_dropout": 0.3})
    assert run_preflight(bench).ok
    assert torch.count_nonzero(bench.model.highlight.weight) == 0  # as it was before the proofs
