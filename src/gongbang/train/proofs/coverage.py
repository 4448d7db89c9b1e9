"""What the tokenizer cannot read and the windows cannot hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from gongbang.data.splits import text_of
from gongbang.errors import PreflightError
from gongbang.tasks.windows import copy_tokenizer
from gongbang.text.normalise import Normaliser
from gongbang.train.proofs.trial import Number, Outcome, Trial

_UNKNOWN = ("<unk>", "[UNK]")


def prove_unknown(trial: Trial) -> Outcome:
    """Few tokens are unknown, and few answers hold one."""
    tokenizer = copy_tokenizer(trial.bench.task.tokenizer)
    unknown = next((id_ for name in _UNKNOWN if (id_ := tokenizer.token_to_id(name)) is not None), None)
    if unknown is None:
        return Outcome("the tokenizer has no unknown token: it reads every byte", skipped=True)
    limits = trial.limits
    texts, answers = _read(trial)
    count, total, pieces = _count(tokenizer, unknown, texts)
    rate = count / max(1, total)
    lost = [text for text in answers if unknown in tokenizer.encode(text, add_special_tokens=False).ids]
    share = len(lost) / max(1, len(answers))
    shown = ", ".join(f"'{piece}' ({times})" for piece, times in pieces.most_common(5))
    if rate > limits.unknown_tokens:
        raise PreflightError(
            f"the tokenizer cannot read {rate:.1%} of the passages' tokens.",
            check="unknown tokens",
            value=f"{count} of {total} tokens, most often {shown}",
            allowed=f"at most {limits.unknown_tokens:.0%}",
            cure="Add a step that rewrites them to pipeline.normalise (hanja, nfkc), or take a backbone "
            "whose vocabulary has them.",
        )
    if share > limits.unknown_answers:
        raise PreflightError(
            f"{share:.1%} of the answers hold a token that the tokenizer cannot read.",
            check="unknown tokens",
            value=f"e.g. '{lost[0]}'",
            allowed=f"at most {limits.unknown_answers:.0%}",
            cure="Add a step that rewrites them to pipeline.normalise (hanja, nfkc), or take a backbone "
            "whose vocabulary has them.",
        )
    notes = [f"unknown most often: {shown}"] if pieces else []
    numbers: dict[str, Number] = {"unknown tokens": round(rate, 5), "answers with one": round(share, 4)}
    return Outcome("the tokenizer can read the texts", numbers, notes)


def _read(trial: Trial) -> tuple[list[str], list[str]]:
    """The sample's passages and first answers as the tokenizer gets them: after its clean-up."""
    settings = getattr(trial.bench.task, "settings", None)
    normaliser = Normaliser(getattr(settings, "steps", getattr(settings, "normalise", ())))
    texts, answers = [], []
    for record in trial.records:
        edited = normaliser.apply(text_of(record))
        texts.append(edited.text)
        for answer in record.answers[:1]:
            start, end = edited.to_edited(answer.start, answer.end)
            answers.append(edited.text[start:end])
    return texts, answers


def _count(tokenizer: object, unknown: int, texts: Sequence[str]) -> tuple[int, int, Counter[str]]:
    count = total = 0
    pieces: Counter[str] = Counter()
    for text, encoding in zip(
        texts,
        tokenizer.encode_batch(list(texts), add_special_tokens=False),  # type: ignore[attr-defined]
        strict=True,
    ):
        total += len(encoding.ids)
        for id_, (start, end) in zip(encoding.ids, encoding.offsets, strict=True):
            if id_ == unknown:
                count += 1
                pieces[text[start:end]] += 1
    return count, total, pieces


def prove_truncation(trial: Trial) -> Outcome:
    """Few questions, and few of an encoder's passages, lose their end."""
    settings = getattr(trial.bench.task, "settings", None)
    most = getattr(settings, "max_question", None)
    if settings is None or most is None:
        return Outcome("the task cuts nothing", skipped=True)
    tokenizer = copy_tokenizer(trial.bench.task.tokenizer)
    asked = [record.fields["question"] for record in trial.records if record.fields.get("question")]
    long = [len(encoding.ids) > most for encoding in tokenizer.encode_batch(asked, add_special_tokens=False)]
    share = float(np.mean(long)) if long else 0.0
    if share > trial.limits.cut_questions:
        raise PreflightError(
            f"{share:.0%} of the questions lose their end.",
            check="truncation",
            value=f"more than {most} tokens, e.g. '{asked[long.index(True)][:80]}'",
            allowed=f"at most {trial.limits.cut_questions:.0%}",
            cure=f"Raise pipeline.max_question (now {most}).",
        )
    lengths = trial.features.inputs["attention_mask"].sum(axis=1)
    numbers: dict[str, Number] = {
        "questions cut": round(share, 4),
        "median tokens": int(np.median(lengths)),
        "longest": int(lengths.max()),
    }
    windows = len(trial.features) / max(1, len(trial.records))
    if hasattr(settings, "stride"):
        return Outcome("texts fit", {**numbers, "windows per record": round(windows, 2)})
    full = float(np.mean(lengths >= settings.max_length))
    if full > trial.limits.cut_passages:
        raise PreflightError(
            f"{full:.0%} of the passages are seen only in part.",
            check="truncation",
            value=f"max_length={settings.max_length}",
            allowed=f"at most {trial.limits.cut_passages:.0%}",
            cure="Raise pipeline.max_length, or cut the passages shorter.",
        )
    return Outcome("texts fit", {**numbers, "passages cut": round(full, 4)})
