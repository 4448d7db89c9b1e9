"""/v1/conversations: what was said."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from gongbang.serve.routes.common import Here, problems
from gongbang.serve.schemas import (
    Conversation,
    ConversationPage,
    ConversationQuery,
    Talk,
    TalkQuery,
    Turn,
)

router = APIRouter(prefix="/v1/conversations", tags=["conversations"])
TalkPath = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]


@router.post("", status_code=201, responses=problems())
def start(here: Here, response: Response) -> Conversation:
    """Begin a conversation; a message without one does so by itself."""
    talk = here.conversations.start()
    response.headers["Location"] = f"{router.prefix}/{talk.id}"
    return Conversation.model_validate(talk)


@router.get("", responses=problems())
def page(query: Annotated[ConversationQuery, Query()], here: Here) -> ConversationPage:
    """A page of conversations, the newest first; pass `next` as `offset` for the next one."""
    return ConversationPage.model_validate(here.conversations.page(offset=query.offset, limit=query.limit))


@router.get("/{id}", responses=problems(404))
def read(id: TalkPath, query: Annotated[TalkQuery, Query()], here: Here) -> Talk:
    """A conversation with its last turns."""
    talk = here.conversations.get(id)
    turns = [Turn.model_validate(turn) for turn in here.conversations.turns(id, last=query.last)]
    return Talk(id=talk.id, created=talk.created, turns=turns)


@router.delete("/{id}", status_code=204, responses=problems(404))
def delete(id: TalkPath, here: Here) -> None:
    """Take a conversation out, with its turns and what people thought of them."""
    here.conversations.delete(id)
