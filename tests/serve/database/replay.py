"""The changes of answers, one after the other."""

from __future__ import annotations

from gongbang.serve.database.answers import Answers


def replayed(answers: Answers, done: dict) -> dict:
    """What the calls lead to, one after the other in the order of the log."""
    state: dict[int, dict] = {}
    seq = 0
    while changes := answers.changes_since(seq, limit=300):
        for change in changes:
            if change.action == "delete":
                assert (change.answer_id, "delete") in done
                del state[change.answer_id]
            else:
                given = done[change.answer_id, change.version, change.action]
                state[change.answer_id] = state.get(change.answer_id, {}) | given
        seq = changes[-1].seq
    return state
