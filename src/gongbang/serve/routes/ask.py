"""/v1/ask: a question to the documents that the server was started with."""

from __future__ import annotations

from fastapi import APIRouter, Response
from starlette.concurrency import run_in_threadpool

from gongbang.serve.models.asking import NAME, Question
from gongbang.serve.models.waiting import outcome, seconds_for
from gongbang.serve.routes.common import Questions, Room, json_response, problems
from gongbang.serve.schemas_models import AskAnswer, AskQuestion

router = APIRouter(prefix="/v1/ask", tags=["ask"])


@router.post("", response_model=AskAnswer, responses=problems(400, 413, 429))
async def ask(sent: AskQuestion, asking: Questions, room: Room) -> Response:
    """The answer as a span with its sentence, its place and a confidence; an empty text is no answer."""
    seconds = seconds_for(sent.deadline_ms, room.limits.deadline_s)
    question = Question(sent.question, sent.top_k, sent.no_answer_threshold)
    answer = await outcome(asking.submit(question, seconds), NAME, seconds)
    return await run_in_threadpool(lambda: json_response(answer.to_dict()))
