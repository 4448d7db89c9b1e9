"""/v1/feedback: what people think of what was said, and of answers that were given elsewhere."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from gongbang.apps.loop.judged import Judged
from gongbang.errors import DataError
from gongbang.serve.routes.common import Here, problems
from gongbang.serve.schemas_review import Feedback, FeedbackPage, FeedbackQuery, NewFeedback

router = APIRouter(prefix="/v1/feedback", tags=["feedback"])


@router.post("", status_code=201, responses=problems(400, 404, 413))
def judge(new: NewFeedback, here: Here) -> Feedback:
    """Keep what somebody thinks of an answer; several may judge one."""
    if (new.turn_id is None) == (new.answered is None):
        raise DataError(
            "feedback is of a turn, or of an answer that was given elsewhere.",
            value="neither" if new.turn_id is None else "both",
            allowed="turn_id, or answered",
            cure="Send one of the two.",
            field="turn_id",
        )
    if new.answered is None:
        kept = here.conversations.judge(
            new.turn_id or 0, new.verdict, new.note, correction=new.correction, client=new.client
        )
        return Feedback.model_validate(kept)
    judged = Judged(
        **new.answered.model_dump(),
        good=new.verdict == "good",
        correction=new.correction,
        note=new.note,
        client=new.client,
    )
    return Feedback.model_validate(here.review.keep([judged])[0])


@router.get("", responses=problems())
def page(query: Annotated[FeedbackQuery, Query()], here: Here) -> FeedbackPage:
    """A page of feedback in the order in which it came; pass `next` as `after` for the next one."""
    return FeedbackPage.model_validate(here.conversations.feedback(**query.model_dump()))
