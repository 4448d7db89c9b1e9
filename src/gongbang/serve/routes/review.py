"""/v1/review: feedback with where it came from, and what reviewers decide about it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from gongbang.serve.database import rows
from gongbang.serve.routes.common import Here, IfMatch, RowId, meant_version, problems
from gongbang.serve.schemas_review import Decision, NewDecision, ReviewItem, ReviewPage, ReviewQuery

router = APIRouter(prefix="/v1/review", tags=["review"])


@router.get("", responses=problems())
def page(query: Annotated[ReviewQuery, Query()], here: Here) -> ReviewPage:
    """A page of feedback in the order in which it came; pass `next` as `after` for the next one."""
    found = here.review.page(**query.model_dump())
    return ReviewPage(items=[_item(one) for one in found.items], total=found.total, next=found.next)


@router.get("/{id}", responses=problems(404))
def read(id: RowId, here: Here, response: Response) -> ReviewItem:
    """One piece of feedback with every decision about it; the ETag is its version."""
    return _tagged(here.review.get(id), response)


@router.post("/{id}/decisions", status_code=201, responses=problems(400, 404, 409, 413))
def decide(
    id: RowId, new: NewDecision, here: Here, response: Response, if_match: IfMatch = None
) -> ReviewItem:
    """Decide about feedback; earlier decisions stay beside it, and the last one counts."""
    item = here.review.decide(
        id,
        new.action,
        text=new.text,
        reviewer=new.reviewer,
        note=new.note,
        version=meant_version(if_match, new.version),
    )
    return _tagged(item, response)


def _tagged(item: rows.ReviewItem, response: Response) -> ReviewItem:
    response.headers["ETag"] = f'"{item.version}"'
    return _item(item)


def _item(item: rows.ReviewItem) -> ReviewItem:
    judged = item.feedback.judged
    given = {name: getattr(judged, name) for name in judged.__slots__ if name not in ("good", "key")}
    return ReviewItem(
        **{**given, "texts": dict(judged.texts)},
        id=item.id,
        state=item.state,
        version=item.version,
        created=item.feedback.created,
        verdict=item.feedback.verdict,
        decisions=[Decision.model_validate(_shown(one)) for one in item.decisions],
    )


def _shown(decision: rows.Decision) -> dict[str, object]:
    return {name: getattr(decision, name) for name in Decision.model_fields}
