"""/v1/chat: a message and its reply, both kept."""

from __future__ import annotations

from anyio import to_thread
from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool

from gongbang.serve.routes.common import Chatting, problems
from gongbang.serve.schemas import Message, Reply

router = APIRouter(prefix="/v1/chat", tags=["chat"])


@router.post("", responses=problems(400, 404, 413))
async def say(message: Message, here: Chatting) -> Reply:
    """Say something; `turn_id` is the reply's, for feedback, and `conversation_id` is to go on with."""
    id = message.conversation_id
    before = await run_in_threadpool(here.history, id, message.text)
    reply = await to_thread.run_sync(here.reply, message.text, before, limiter=here.replying)
    turn = await run_in_threadpool(here.keep, id, message.text, reply)
    told = reply.to_dict(explain=message.explain)
    return Reply.model_validate({**told, "conversation_id": turn.conversation, "turn_id": turn.id})
