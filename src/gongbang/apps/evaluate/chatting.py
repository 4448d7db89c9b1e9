"""A chatbot judged: what it answers of the messages that are for it, and what of the others it leaves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from gongbang.apps.chat import Chat, Reply
from gongbang.apps.evaluate.evaluation import Evaluation, OnProgress, ignore_progress
from gongbang.data.dialogue import same_key
from gongbang.data.records import Record
from gongbang.errors import DataError
from gongbang.metrics.scores import Score, Scores
from gongbang.metrics.small_samples import wilson_interval
from gongbang.tasks.base import Prediction


def evaluate_chat(
    chat: Chat,
    inside: Sequence[Record],
    outside: Mapping[str, Sequence[str]],
    *,
    on_progress: OnProgress = ignore_progress,
) -> Evaluation:
    """Shares with Wilson's 95 % intervals, every message said in a conversation of its own.

    ``answered`` is the share of the inside messages that get an answer, ``abstained`` of the outside ones
    that get none: asked back, met with silence or with words of safety, or too long to be said at all. ``own
    answer`` is the share of the inside messages that get the very answer which stands beside them.

    Args:
        chat: over the answers that it is to know.
        inside: messages that are for it, as contexts; those with a response count for ``own answer``.
        outside: messages that are not, by where they come from.
        on_progress: told how many more messages are done.

    Raises:
        DataError: there is no message of either kind.
    """
    asked = [record for record in inside if message_of(record)]
    if not asked or not any(outside.values()):
        raise DataError(
            "there are no messages to judge a chatbot by.",
            value=f"{len(asked)} inside, {sum(map(len, outside.values()))} outside",
            allowed="one or more of either kind",
            cure="Name files with messages: --data for those inside, --outside for the others.",
        )
    replies = [_said(chat, message_of(record), on_progress) for record in asked]
    answered = [reply.kind == "answer" for reply in replies]
    scores = {"answered": _share(answered)}
    left = {
        name: [_said(chat, text, on_progress).kind != "answer" for text in texts]
        for name, texts in outside.items()
    }
    scores["abstained"] = _share([one for part in left.values() for one in part])
    paired = [
        yes and same_key(reply.text) == same_key(record.fields["response"])
        for record, reply, yes in zip(asked, replies, answered, strict=True)
        if record.fields.get("response", "").strip()
    ]
    if paired:
        scores["own answer"] = _share(paired)
    return Evaluation(
        "chat",
        Scores("answered", scores),
        predictions=[
            Prediction(record.id, reply.text, reply.confidence, details={"kind": reply.kind})
            for record, reply in zip(asked, replies, strict=True)
        ],
        extra={
            "n": len(asked),
            "n outside": sum(map(len, left.values())),
            "answers": len(chat.book),
            "threshold": chat.settings.threshold,
            "outside": {name: _share(part).to_dict() for name, part in left.items() if part},
        },
    )


def message_of(record: Record) -> str:
    """What a record says: the last turn of its context, or its text or question; empty where it has none.

    Example:
        >>> message_of(Record("1", {"context": "안녕\\n배고파"}))
        '배고파'
    """
    texts = (record.fields.get(name, "").strip() for name in ("context", "text", "question"))
    return next((text.split("\n")[-1] for text in texts if text), "")


def messages_of(records: Iterable[Record]) -> list[str]:
    """What each of the records says that says anything."""
    return [text for record in records if (text := message_of(record))]


def _said(chat: Chat, text: str, on_progress: OnProgress) -> Reply:
    try:
        reply = chat.reply(text)
    except DataError:  # longer than a message may be: nothing is answered
        reply = Reply("silent", "", 0.0)
    on_progress(1)
    return reply


def _share(hits: Sequence[bool]) -> Score:
    return wilson_interval(sum(hits), len(hits))
