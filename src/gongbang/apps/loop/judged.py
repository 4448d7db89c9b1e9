"""What somebody thought of an answer, wherever it was given, and the record that it makes once reviewed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from gongbang.artifacts.hashing import bytes_hash, short
from gongbang.data.records import Record, Span
from gongbang.errors import DataError

if TYPE_CHECKING:
    from gongbang.apps.answer import Answer
    from gongbang.apps.twenty_questions.feedback import Feedback as GameFeedback

Origin = Literal["chat", "ask", "game", "predict"]
Action = Literal["accept", "correct", "reject"]
TEXTS: Mapping[str, tuple[str, ...]] = {
    "reader": ("question", "context"),
    "boolq": ("question", "context"),
    "respond": ("context",),
    "classify": ("text",),
}
"""The tasks that feedback becomes records of, and the texts that each needs."""
OPTIONAL = ("title",)
SOURCE = "feedback"


@dataclass(frozen=True, slots=True)
class Judged:
    """One answer as somebody judged it.

    Attributes:
        origin: where it was given. task: of the artifact that gave it.
        texts: what the model was given, by the names of a record's fields.
        answer: what it said. evidence: the sentence it pointed to, or "".
        good: whether the person found it right.
        correction: what would have been right, where they said so; "" is "no answer" for a reader.
        asked: what the person wrote, where the model got it in other words.
        artifact, artifact_id: the name and the content hash of what answered.
        reference: the turn, the document or the answer that it is about.
        group: the document, conversation or game whose rows must stay together; never a secret id.
        client: what it came by: "rest", "cli", "studio", "play", ...
        key: what it is known by, so that a second copy of it is not kept; "" where several are welcome.
    """

    origin: Origin
    task: str
    texts: Mapping[str, str]
    answer: str
    good: bool
    correction: str | None = None
    asked: str = ""
    evidence: str = ""
    artifact: str = ""
    artifact_id: str = ""
    reference: str = ""
    group: str = ""
    client: str = ""
    note: str = ""
    key: str = ""

    @property
    def right(self) -> str | None:
        """What is right as the person sees it; None where they only said that the answer is not."""
        return self.answer if self.good else self.correction


@dataclass(frozen=True, slots=True)
class Decided:
    """What a reviewer made of one piece of feedback in the end.

    Attributes:
        feedback: its id. decision: the id of the decision. right: what is right.
    """

    feedback: int
    decision: int
    action: Action
    right: str
    reviewer: str
    at: datetime
    judged: Judged = field(compare=False)


def check_right(judged: Judged, right: str) -> str:
    """What is right, if a record of the task can say so.

    Args:
        right: a reader's words of the context, or "" for no answer; a label; or a response.

    Raises:
        DataError: the task takes no feedback, lacks a text, or cannot learn this.
    """
    if judged.task not in TEXTS:
        raise _unusable("feedback of this task becomes no record.", judged.task, ", ".join(TEXTS), "task")
    for name in TEXTS[judged.task]:
        if not judged.texts.get(name, "").strip():
            raise _unusable(f"the text '{name}' is missing.", sorted(judged.texts), name, "texts")
    if judged.task == "boolq":
        from gongbang.tasks.boolq import LABELS

        if right not in LABELS:
            raise _unusable("this is no answer to a yes/no question.", right, ", ".join(LABELS), "text")
    elif judged.task == "reader":
        if right and right not in judged.texts["context"]:
            raise _unusable(
                "the answer does not stand in the passage.",
                right,
                "words of the passage, or nothing for 'no answer here'",
                "text",
            )
    elif not right.strip():
        raise _unusable("nothing is said to be right.", right, "a label, or a response", "text")
    return right


def record_of(decided: Decided) -> Record:
    """The record that a decision makes: original to nobody, so it is trained on and never judged by.

    Its lineage names what was marked; its group keeps a document's, a conversation's or a game's rows
    together, whatever the recipe.

    Raises:
        DataError: see :func:`check_right`.
    """
    judged, right = decided.judged, decided.right
    check_right(judged, right)
    names = (*TEXTS[judged.task], *OPTIONAL)
    fields = {name: judged.texts[name] for name in names if judged.texts.get(name)}
    spans: dict[str, tuple[Span, ...]] = {}
    labels: dict[str, str] = {"origin": judged.origin}
    if judged.task == "reader":
        spans["answers"] = (_span(judged, right),) if right else ()
    elif judged.task == "respond":
        fields["response"] = right
    else:
        labels["label"] = right
    return Record(
        id=f"feedback-{decided.feedback}",
        fields=fields,
        spans=spans,
        labels=labels,
        group=judged.group or f"feedback-{decided.feedback}",
        lineage=(lineage_of(judged, decided.feedback),),
        source=SOURCE,
    )


def lineage_of(judged: Judged, feedback: int) -> str:
    """What a record was made from: where it was said, and which feedback of there.

    Example:
        >>> lineage_of(Judged("game", "boolq", {}, "yes", True, reference="a1/3"), 7)
        'game:a1/3#7'
    """
    return f"{judged.origin}:{judged.reference}#{feedback}"


def of_game(marked: GameFeedback, client: str = "") -> Judged:
    """What a player of Twenty Questions marked; all turns about one keyword stay together.

    The game's id is a secret, so what is kept is made of it: who knows the id finds its rows again.

    Args:
        marked: see :func:`gongbang.apps.twenty_questions.feedback_of`.
        client: what was played by.
    """
    wrong = marked.mark == "wrong"
    return Judged(
        origin="game",
        task=marked.task,
        texts={"question": marked.asked, "context": marked.document, "title": marked.keyword},
        answer=marked.answer,
        good=not wrong,
        correction=marked.correction or None if wrong else None,
        asked=marked.question,
        evidence=marked.evidence,
        artifact=marked.artifact,
        artifact_id=marked.artifact_hash,
        reference=f"{secret_group('game', marked.game)}/{marked.turn}",
        group=marked.keyword,
        client=client,
        key=f"{secret_group('game', marked.game)}/{marked.turn}",
    )


def of_answer(
    answer: Answer,
    good: bool,
    *,
    artifact: str,
    artifact_id: str,
    correction: str | None = None,
    client: str = "",
) -> Judged:
    """An answer of :class:`~gongbang.apps.ask.Ask`, over the passage that it was read from.

    Args:
        answer: as it was given; the passage that names its document, else the first, is the context.
        good: whether it is right. correction: words of the passage that are, or "" for no answer there.
        artifact, artifact_id: the reader's name and content hash.
    """
    told = [passage for passage in answer.passages if passage.document == answer.document]
    holding = [passage for passage in told if answer.evidence and answer.evidence in passage.text]
    passage = next(iter([*holding, *told, *answer.passages]), None)
    texts = {"question": answer.question, "context": "" if passage is None else passage.text}
    return Judged(
        origin="ask",
        task="reader",
        texts={**texts, "title": answer.title} if answer.title else texts,
        answer=answer.text,
        good=good,
        correction=correction,
        asked=answer.question,
        evidence=answer.evidence,
        artifact=artifact,
        artifact_id=artifact_id,
        reference=answer.document,
        group=answer.document,
        client=client,
    )


def secret_group(kind: str, id: str) -> str:
    """A group's name made of an id that nobody must learn from a data set, such as a conversation's.

    Example:
        >>> secret_group("conversation", "3f2b8c1e")
        'conversation-b41040615843'
    """
    return f"{kind}-{short(bytes_hash(id.encode('utf-8')), 12)}"


def _span(judged: Judged, right: str) -> Span:
    """Where the answer stands: in the evidence where that holds it, else at its first place."""
    context = judged.texts["context"]
    sentence = context.find(judged.evidence) if judged.evidence else -1
    within = context.find(right, sentence, sentence + len(judged.evidence)) if sentence >= 0 else -1
    start = within if within >= 0 else context.find(right)
    return Span(start, start + len(right), right)


def _unusable(what: str, value: object, allowed: str, name: str) -> DataError:
    return DataError(what, value=value, allowed=allowed, cure="Correct it, or reject it.", field=name)
