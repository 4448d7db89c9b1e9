"""/v1/games: Twenty Questions, either way round.

Every body of a game, in an answer or in a problem, is made by :func:`gongbang.serve.games.bodies.sealed`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated, Any

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Depends, FastAPI, Path, Request, Response

from gongbang.errors import GameStateError, ModelMissingError, StoreConflictError
from gongbang.serve.database.store import Store
from gongbang.serve.games import schemas
from gongbang.serve.games.rules import Rules, Shown
from gongbang.serve.games.service import Do, GameService
from gongbang.serve.games.sets import open_sets
from gongbang.serve.models.room import ModelRoom
from gongbang.serve.problems import MEDIA_TYPE, problem, words_of
from gongbang.serve.routes.common import problems
from gongbang.serve.settings import ServeSettings

PREFIX = "/v1/games"
router = APIRouter(prefix=PREFIX, tags=["games"])


def add_games(app: FastAPI, settings: ServeSettings, store: Store, room: ModelRoom) -> None:
    """Have an application play, if its settings say so and there are keywords.

    Raises:
        DataError: a folder of keywords cannot be used. OptionError: nor can its name.
    """
    sets = open_sets(settings.keywords) if settings.games else {}
    if sets:
        rules = Rules(sets, room, reader=settings.reader)
        app.state.games = GameService(store, rules, at_once=settings.batch)
        app.include_router(router)


def games_of(request: Request) -> GameService:
    """The games of the application that was asked."""
    service: GameService = request.app.state.games
    return service


Here = Annotated[GameService, Depends(games_of)]
GameId = Annotated[str, Path(pattern="^[0-9]{40}$")]


def _conflicts() -> dict[int | str, dict[str, Any]]:
    """How a conflict is declared: a problem document with the game beside it."""
    schema = schemas.GameConflict.model_json_schema(ref_template="#/components/schemas/{model}")
    schema.pop("$defs")  # the routes declare these
    words = "the game has gone on, and `current` is its version now; or it takes no such action as it stands"
    return {409: {"description": words, "content": {MEDIA_TYPE: {"schema": schema}}}}


_REFUSED = {**problems(400, 404, 413), **_conflicts()}
_EITHER: dict[int | str, dict[str, Any]] = {
    "200": {"description": "the game", "content": {"application/json": {"example": schemas.GUESS}}}
}
_BEGUN: dict[int | str, dict[str, Any]] = {
    "201": {
        "description": "a game that has begun",
        "content": {"application/json": {"example": schemas.GUESS}},
    }
}


@router.get("/sets", responses=problems())
def sets(here: Here) -> schemas.GameSets:
    """The sets of keywords, and which of the two games can be played with each."""
    told = [
        schemas.GameSet(
            name=one.name,
            count=len(one.keywords.items),
            categories=list(one.keywords.categories),
            guess=here.rules.lacks is None,
            reverse=one.reverse is not None,
        )
        for one in here.rules.sets.values()
    ]
    return schemas.GameSets(sets=told)


@router.post(
    "",
    status_code=201,
    response_model=schemas.GuessGame | schemas.ReverseGame,
    responses={**problems(400, 413), **_BEGUN},
)
async def start(new: schemas.NewGame, here: Here) -> Response:
    """Begin a game. Its id is the player's alone: who knows it plays."""

    def work() -> Shown:
        return here.start(new.kind, keywords=new.keywords, category=new.category, language=new.language)

    return await _told(here, None, work, 201)


@router.get(
    "/{id}",
    response_model=schemas.GuessGame | schemas.ReverseGame,
    responses={**problems(404), **_conflicts(), **_EITHER},
)
async def read(id: GameId, here: Here) -> Response:
    """A game as it stands; after the end with the keyword, and the evidence of each answer."""
    return await _told(here, id, lambda: here.show(id))


@router.post("/{id}/questions", response_model=schemas.GuessGame, responses={**_REFUSED, **problems(429)})
async def ask(id: GameId, said: schemas.Said, here: Here) -> Response:
    """Ask a question that is answered by yes, no or "I don't know"."""
    return await _play(here, id, "ask", said)


@router.post("/{id}/hints", response_model=schemas.GuessGame, responses={**_REFUSED, **problems(429)})
async def hint(id: GameId, said: schemas.Said, here: Here) -> Response:
    """Ask an open question, from the sixth turn on; the keyword is hidden in the answer."""
    return await _play(here, id, "hint", said)


@router.post("/{id}/guesses", response_model=schemas.GuessGame, responses=_REFUSED)
async def guess(id: GameId, said: schemas.Said, here: Here) -> Response:
    """Guess the keyword, in a word or a sentence."""
    return await _play(here, id, "guess", said)


@router.post("/{id}/replies", response_model=schemas.ReverseGame, responses=_REFUSED)
async def reply(id: GameId, sent: schemas.ReplyToGame, here: Here) -> Response:
    """Answer what the machine says in a reverse game."""
    return await _told(here, id, lambda: here.reply(id, sent.said, sent.version))


@router.post(
    "/{id}/give-up",
    response_model=schemas.GuessGame | schemas.ReverseGame,
    responses={**problems(404), **_conflicts(), **_EITHER},
)
async def give_up(id: GameId, here: Here) -> Response:
    """End a game; one that is over stays as it is."""
    return await _told(here, id, lambda: here.give_up(id))


@router.post("/{id}/marks", status_code=201, response_model=schemas.Marked, responses=_REFUSED)
async def mark(id: GameId, sent: schemas.NewMarks, here: Here) -> Response:
    """Say which answers were wrong, after the end and once; they wait for a reviewer with their origin."""
    wrong = {one.turn: one.correction for one in sent.wrong}

    def work() -> Response:
        right = here.mark(id, wrong)
        told = schemas.Marked(right=sum(right), wrong=len(right) - sum(right))
        return Response(told.model_dump_json(), status_code=201, media_type="application/json")

    return await _answered(here, id, work)


async def _play(here: GameService, id: str, do: Do, said: schemas.Said) -> Response:
    # A model may be waited for: in a thread of the games' own, so that other routes keep theirs.
    limiter = None if do == "guess" else here.playing
    return await _told(here, id, lambda: here.play(id, do, said.text, said.version), limiter=limiter)


async def _told(
    here: GameService,
    id: str | None,
    work: Callable[[], Shown],
    status: int = 200,
    limiter: CapacityLimiter | None = None,
) -> Response:
    """A game as an answer; nobody between here and the player is to keep it."""

    def answer() -> Response:
        shown = work()
        headers = {"Cache-Control": "no-store", "ETag": f'"{shown.version}"'}
        if id is None:
            headers["Location"] = f"{PREFIX}/{shown.id}"
        return Response(shown.body, status, headers, "application/json")

    return await _answered(here, id, answer, limiter)


async def _answered(
    here: GameService, id: str | None, work: Callable[[], Response], limiter: CapacityLimiter | None = None
) -> Response:
    """What work answers, or why it cannot, with the game as it stands."""
    try:
        return await to_thread.run_sync(work, limiter=limiter)
    except ModelMissingError as err:
        words: dict[str, Any] = words_of(err)
        return problem(503, "no-model", words.pop("detail"), **words)
    except (StoreConflictError, GameStateError) as err:
        return await to_thread.run_sync(_conflict, here, id, err)


def _conflict(here: GameService, id: str | None, err: StoreConflictError | GameStateError) -> Response:
    words: dict[str, Any] = words_of(err)
    kind = "conflict" if isinstance(err, StoreConflictError) else "not-now"
    try:
        shown = here.show(id) if id is not None else None
    except GameStateError:  # it is of keywords that are not here
        shown = None
    if shown is not None:
        words |= {"current": shown.version, "game": json.loads(shown.body)}
    return problem(409, kind, words.pop("detail"), headers={"Cache-Control": "no-store"}, **words)
