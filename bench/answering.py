"""Question to answer: our reader against the same weights in plain torch, over the same passages."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from finding import uncached_index
from machine import version_of
from report import Section
from rounds import Turn, Unavailable, in_rounds, percentile, progress, ratio, take_turns
from sources import Question, Source

from gongbang.apps.ask import TOP_K, Ask
from gongbang.apps.library import Library
from gongbang.metrics.span import exact_match
from gongbang.runtime.encoder import load_encoder
from gongbang.runtime.load import load
from gongbang.search.base import Hit

_MEDIAN, _P95 = "median ms", "p95 ms"
_SEARCH = "(search alone)"
Answerer = Callable[[Question], str]


def measure_answering(
    source: Source, checkpoint: Path, *, reader: str, encoder: str, questions: int, rounds: int
) -> Section:
    """Median and 95th percentile of the time from the question to the answer.

    Args:
        source: what is asked. checkpoint: the reader's weights in the hub's format, for the peers.
        reader, encoder: names or paths of our artifacts.
        questions: how many are asked. rounds: how many turns each contestant gets.
    """
    section = Section(
        "ask",
        "Question to answer",
        f"One question at a time over {len(source.documents)} documents: search, then read the best {TOP_K} "
        "passages. All search with the same index; the peers read the passages with the same weights. Ours "
        "leaves unread what has less than half of the best one's score, and is measured without this too.",
        (_MEDIAN, _P95, "exact match", "same answer as torch"),
        ratio_of="latency, the peer's by ours (medians of a round)",
    )
    library = Library()
    library.index = uncached_index(load_encoder(encoder))  # each contestant pays for its own search
    library.add(source.documents)
    ask = Ask(library, load(reader))
    progress(f"indexed {len(source.documents)} documents ({ask.library.kind})")
    contestants = _contestants(ask, checkpoint, reader, section)
    chosen, warm = source.questions[:questions], source.questions[questions : questions + 2]
    for answer in contestants.values():
        for question in warm or chosen[:1]:
            answer(question)
    asked = in_rounds(chosen, rounds)
    turns = take_turns(contestants, asked)
    _fill(section, asked, turns)
    section.notes += [
        f"{sum(map(len, asked))} questions in {len(asked)} rounds; search is {ask.library.kind}.",
        "Exact match is of the best span, no-answer left aside, and no measure of quality: the reader may "
        "have been trained on these questions. Where answers differ, the peers add up raw logits and keep "
        "the particle on a span's end; ours compares probabilities and cuts it.",
        "(search alone) is the part that all contestants have in common; each does it anew.",
    ]
    return section


def _contestants(ask: Ask, checkpoint: Path, reader: str, section: Section) -> dict[str, Answerer]:
    chosen = ask.reader.engine.name  # type: ignore[attr-defined]
    contestants = {f"gongbang, {chosen} (its own choice)": _ours(ask)}
    all_read = Ask(ask.library, ask.reader, least_share=1e-3)
    contestants[f"gongbang, {chosen}, all {TOP_K} passages read"] = _ours(all_read)
    other = "onnxruntime" if chosen == "openvino" else "openvino"
    if version_of(other):
        contestants[f"gongbang, {other}"] = _ours(Ask(ask.library, load(reader, engine=other)))
    else:
        section.absent[f"gongbang, {other}"] = f'pip install "gongbang[{other}]"'
    for name, make in {
        "torch fp32, padded batch": _torch,
        "Haystack TransformersExtractiveReader": _haystack,
    }.items():
        try:
            contestants[name] = make(ask, checkpoint)
        except Unavailable as reason:
            section.absent[name] = str(reason)
    contestants[_SEARCH] = lambda question: str(len(_search(ask, question)))
    return contestants


def _fill(section: Section, asked: Sequence[Sequence[Question]], turns: dict[str, list[Turn]]) -> None:
    golds = [question.answers for part in asked for question in part]
    texts = {name: [text for turn in own for text in turn.results] for name, own in turns.items()}
    torch = texts.get("torch fp32, padded batch", [])
    for name, own in turns.items():
        seconds = [value for turn in own for value in turn.seconds]
        row: dict[str, Any] = {
            _MEDIAN: round(1000 * statistics.median(seconds)),
            _P95: round(1000 * percentile(seconds, 0.95)),
        }
        if name != _SEARCH:
            pairs = list(zip(texts[name], golds, strict=True))
            row["exact match"] = sum(exact_match(text, gold) for text, gold in pairs) / len(pairs)
            same = [exact_match(a, [b]) for a, b in zip(texts[name], torch, strict=False)]
            row["same answer as torch"] = sum(same) / len(same) if same else None
        section.rows[name] = row
    ours = [name for name in turns if name.startswith("gongbang")]
    for own in ours:
        section.ratios += [
            ratio(own, _medians(turns[peer]), peer, _medians(turns[own]))
            for peer in turns
            if peer not in (*ours, _SEARCH)
        ]


def _medians(turns: Sequence[Turn]) -> list[float]:
    return [statistics.median(turn.seconds) for turn in turns]


def _ours(ask: Ask) -> Answerer:
    def answer(question: Question) -> str:
        found = ask.answer(question.text).candidates
        return found[0].text if found else ""

    return answer


def _search(ask: Ask, question: Question) -> list[Hit]:
    return ask.library.search(question.text, TOP_K)


def _torch(ask: Ask, checkpoint: Path) -> Answerer:
    """What one writes by hand: one padded batch of all windows, the best span of all by sum of logits."""
    import torch
    from transformers import AutoModelForQuestionAnswering, AutoTokenizer

    model = AutoModelForQuestionAnswering.from_pretrained(checkpoint).eval()
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    settings = ask.reader.task.settings  # type: ignore[attr-defined]

    def answer(question: Question) -> str:
        hits = _search(ask, question)
        if not hits:
            return ""
        encoded = tokenizer(
            [_asked(question, hit, settings.title) for hit in hits],
            [hit.passage.text for hit in hits],
            truncation="only_second",
            max_length=settings.max_length,
            stride=settings.stride,
            return_overflowing_tokens=True,
            return_offsets_mapping=True,
            padding=True,
            return_tensors="pt",
        )
        sides = [encoded.sequence_ids(row) for row in range(len(encoded.input_ids))]
        hidden = torch.tensor([[place != 1 for place in row] for row in sides])
        with torch.inference_mode():
            out = model(**{name: encoded[name] for name in tokenizer.model_input_names})
        start, end = (
            x.masked_fill(hidden, float("-inf"))[:, :, None] for x in (out.start_logits, out.end_logits)
        )
        scores = start + end.transpose(1, 2)  # (windows, time, time)
        allowed = torch.ones(scores.shape[1:], dtype=torch.bool).triu().tril(settings.max_answer - 1)
        row, first, last = torch.unravel_index(
            scores.masked_fill(~allowed, float("-inf")).argmax(), scores.shape
        )
        left, right = encoded.offset_mapping[row, first, 0], encoded.offset_mapping[row, last, 1]
        return hits[int(encoded.overflow_to_sample_mapping[row])].passage.text[int(left) : int(right)].strip()

    return answer


def _asked(question: Question, hit: Hit, title: str) -> str:
    shown = hit.passage.title.replace("_", " ").strip()
    return f"{question.text} | {shown}" if title == "question" and shown else question.text


def _haystack(ask: Ask, checkpoint: Path) -> Answerer:
    if not version_of("transformers-haystack"):
        raise Unavailable('pip install "gongbang[bench]", which brings transformers-haystack')
    from haystack import Document
    from haystack_integrations.components.readers.transformers import TransformersExtractiveReader

    reader = TransformersExtractiveReader(model=checkpoint, no_answer=False)
    reader.warm_up()

    def answer(question: Question) -> str:
        documents = [Document(content=hit.passage.text) for hit in _search(ask, question)]
        found = reader.run(query=question.text, documents=documents)["answers"] if documents else []
        return (found[0].data or "") if found else ""

    return answer
