"""/v1/answers: what the chatbot may say."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from gongbang.serve.database.rows import Draft
from gongbang.serve.routes.common import Here, IfMatch, RowId, meant_version, problems
from gongbang.serve.schemas import Answer, AnswerEdit, AnswerPage, AnswerQuery, NewAnswer, VersionQuery

router = APIRouter(prefix="/v1/answers", tags=["answers"])


@router.post("", status_code=201, responses=problems(400, 413))
def create(new: NewAnswer, here: Here, response: Response) -> Answer:
    """Add an answer; the next message finds it."""
    made = here.answers.create(Draft(new.text, new.question, new.label, new.active))
    response.headers["Location"] = f"{router.prefix}/{made.id}"
    return _tagged(Answer.model_validate(made), response)


@router.get("", responses=problems())
def page(query: Annotated[AnswerQuery, Query()], here: Here) -> AnswerPage:
    """A page of answers in the order of their ids; pass `next` as `after` for the next one."""
    return AnswerPage.model_validate(here.answers.page(**query.model_dump()))


@router.get("/{id}", responses=problems(404))
def read(id: RowId, here: Here, response: Response) -> Answer:
    """One answer; the ETag is its version."""
    return _tagged(Answer.model_validate(here.answers.get(id)), response)


@router.patch("/{id}", responses=problems(400, 404, 409, 413))
def change(id: RowId, edit: AnswerEdit, here: Here, response: Response, if_match: IfMatch = None) -> Answer:
    """Change what is given of an answer; with a version, only if it still has that one."""
    version = meant_version(if_match, edit.version)
    new = here.answers.update(
        id,
        text=edit.text,
        question=edit.question,
        label=edit.label,
        active=edit.active,
        version=version,
    )
    return _tagged(Answer.model_validate(new), response)


@router.delete("/{id}", status_code=204, responses=problems(404, 409))
def delete(id: RowId, query: Annotated[VersionQuery, Query()], here: Here, if_match: IfMatch = None) -> None:
    """Take an answer out; what was said with it stays in the conversations."""
    here.answers.delete(id, version=meant_version(if_match, query.version))


def _tagged(answer: Answer, response: Response) -> Answer:
    response.headers["ETag"] = f'"{answer.version}"'
    return answer
