"""Requests that share batches get what they get alone; where they would not, they do not share."""

from __future__ import annotations

import pytest

from gongbang.artifacts.store import known_artifacts
from gongbang.errors import DataError
from gongbang.runtime.load import load
from gongbang.serve.models.fields import examples
from gongbang.serve.models.together import mixes, predict_each, predict_together
from tests.serve.models.held import hashing

BUNDLED = ["sentiment-ko", "reader-ko", "relation-ko", "emotions-ko", "encoder-ko"]


@pytest.mark.parametrize("name", BUNDLED)
def test_together_is_alone(name):
    if name not in known_artifacts():
        pytest.skip(f"not bundled here: {name}")
    predictor = hashing(name)
    short, long = examples(predictor.task)
    requests = [[short], [long, short], [long], [short, long, short]]
    assert mixes(predictor, [short, long])
    predictor.engine.runs.clear()
    alone = predict_each(predictor, requests)
    apart = len(predictor.engine.runs)
    predictor.engine.runs.clear()
    assert predict_together(predictor, requests) == alone
    assert len(predictor.engine.runs) < apart  # they did share


def test_a_request_that_cannot_be_answered_costs_itself_alone():
    predictor = hashing("sentiment-ko")
    short, long = examples(predictor.task)
    blank = type(short)("b", {"text": " "})
    told = predict_together(predictor, [[short], [blank], [long]])
    assert isinstance(told[1], DataError)
    assert [told[0], told[2]] == predict_each(predictor, [[short], [long]])


def test_a_scale_over_the_batch_is_found_out():
    predictor = hashing("sentiment-ko", mingles=True)
    assert not mixes(predictor, examples(predictor.task))


def test_eight_bit_activations_keep_requests_apart():
    predictor = load("sentiment-ko", engine="onnxruntime")
    assert not mixes(predictor, examples(predictor.task))


def test_openvino_lets_them_share():
    pytest.importorskip("openvino")
    predictor = load("sentiment-ko", engine="openvino")
    tried = examples(predictor.task)
    assert mixes(predictor, tried)
    requests = [[record] for record in tried] + [tried]
    alone, shared = predict_each(predictor, requests), predict_together(predictor, requests)
    for one, other in zip(alone, shared, strict=True):
        assert [p.text for p in one] == [p.text for p in other]
        assert [p.confidence for p in one] == pytest.approx([p.confidence for p in other], abs=1e-4)
