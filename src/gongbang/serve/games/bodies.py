"""What a player is sent of a game, and the check that nothing is sent which names the keyword."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from gongbang.apps.twenty_questions import TURNS, Forms, LeakError, Reverse, ReverseGame, check_no_leak
from gongbang.artifacts.files import plain
from gongbang.serve.database.games import Held

Body = dict[str, Any]


def guess_body(held: Held, view: Mapping[str, Any]) -> Body:
    """A guessing game as it is sent: its head, and the engine's view of it.

    Args:
        held: the game. Of it only what says nothing of the secret is taken.
        view: what :meth:`~gongbang.apps.twenty_questions.TwentyQuestions.view` gave for its state.
    """
    body = {**_head(held), **view}
    return body | {"marked": held.marked is not None} if "keyword" in view else body


def reverse_body(held: Held, game: ReverseGame, engine: Reverse) -> Body:
    """A reverse game as it is sent: what was said, and what the machine says next."""
    playing = game.status == "playing"
    move = engine.next(game) if playing else None
    found = game.replies[-1].id if game.status == "found" else None
    return {
        **_head(held),
        "status": game.status,
        "used": game.used,
        "left": TURNS - game.used,
        "move": None if move is None else {"kind": move.kind, "id": move.id, "text": move.text},
        "replies": game.to_dict()["replies"],
        "keyword": found,
    }


def _head(held: Held) -> Body:
    return {
        "id": held.id,
        "kind": held.kind,
        "keywords": held.keywords,
        "language": held.language,
        "version": held.version,
    }


def sealed(body: Mapping[str, Any], forms: Forms | None) -> bytes:
    """A body as the bytes that are sent, once no form of the secret stands in them.

    The whole of it is read as one text, blanks and marks left out, so that parts that would spell the secret
    together are found as well.

    Args:
        body: plain data. forms: the secret's; None where there is none, or no longer.

    Raises:
        LeakError: the secret stands in it. Nothing may be sent, and the message names nothing.
    """
    data = plain(body)
    text = json.dumps(data, ensure_ascii=False, allow_nan=False)
    if forms is not None:
        check_no_leak(data, forms)  # texts as they are, where the JSON has them escaped
        check_no_leak(text, forms)
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        raise LeakError("a text holds half a character; it was withheld.") from None
