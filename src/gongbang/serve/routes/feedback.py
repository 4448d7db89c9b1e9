"""/v1/feedback: what people think of what was said."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from gongbang.serve.routes.common import Here, problems
from gongbang.serve.schemas import Feedback, FeedbackPage, FeedbackQuery, NewFeedback

router = APIRouter(prefix="/v1/feedback", tags=["feedback"])


@router.post("", status_code=201, responses=problems(400, 404, 413))
def judge(new: NewFeedback, here: Here) -> Feedback:
    """Keep what somebody thinks of a turn; several may judge one."""
    return Feedback.model_validate(here.conversations.judge(new.turn_id, new.verdict, new.note))


@router.get("", responses=problems())
def page(query: Annotated[FeedbackQuery, Query()], here: Here) -> FeedbackPage:
    """A page of feedback in the order in which it came; pass `next` as `after` for the next one."""
    return FeedbackPage.model_validate(here.conversations.feedback(**query.model_dump()))
