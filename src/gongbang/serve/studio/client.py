"""The JSON API as functions: what is sent and answered are the server's own types.

It speaks HTTP by the standard library, through no proxy, and reads every error as the problem document that
the server sends (RFC 9457).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from http.client import HTTPException
from typing import Any, TypeVar
from urllib.error import HTTPError
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, OpenerDirector, ProxyHandler, Request, build_opener

from pydantic import BaseModel, ValidationError

from gongbang.apps.loop.judged import Judged
from gongbang.errors import GongbangError, OptionError
from gongbang.serve.games.schemas import GameSet, GameSets, GuessGame, Marked, ReverseGame
from gongbang.serve.schemas import AnswerPage, Health, Imported, Reply
from gongbang.serve.schemas_models import AskAnswer, ModelInfo, ModelList, Prediction, Predictions
from gongbang.serve.schemas_review import Answered, Feedback, ReviewItem, ReviewPage

T = TypeVar("T", bound=BaseModel)
Game = GuessGame | ReverseGame
TIMEOUT_S = 60.0
_LARGEST = 32_000_000  # bytes of an answer that are read


class ApiError(GongbangError):
    """What the API refused, or why it did not answer.

    Attributes:
        kind: the last part of the problem's type, "busy" for instance; "unreachable" and "strange" are ours.
        status: of HTTP; 0 where there was no answer.
        body: the problem document.
    """

    def __init__(self, kind: str, status: int, body: Mapping[str, Any], value: object = "") -> None:
        self.kind, self.status, self.body = kind, status, dict(body)
        super().__init__(
            str(body.get("detail", "")) or "the API gave no reason.",
            value=value,
            allowed=str(body.get("allowed", "")),
            cure=str(body.get("cure", "")),
        )


class Client:
    """Asks one server. It keeps nothing, so any number of threads may share it.

    Args:
        url: where the server is, such as http://127.0.0.1:8000.
        key: its API key, where it wants one.
        timeout_s: seconds after which an answer is given up.

    Raises:
        OptionError: no URL of a server.

    Example:
        >>> Client("http://127.0.0.1:8000/").url
        'http://127.0.0.1:8000'
    """

    def __init__(self, url: str, key: str | None = None, timeout_s: float = TIMEOUT_S) -> None:
        self.url, self._key, self._timeout_s = _checked(url), key, timeout_s
        self._opener: OpenerDirector = build_opener(ProxyHandler({}), _NoRedirect())

    # -- what the server is ------------------------------------------------------------------------

    def health(self) -> Health:
        """What works and what does not."""
        return self._get("/health", Health)

    def models(self) -> list[ModelInfo]:
        """The artifacts of the server."""
        return self._get("/v1/models", ModelList).items

    # -- questions, labels, talk -------------------------------------------------------------------

    def ask(self, question: str, top_k: int) -> AskAnswer:
        """The answer of the server's documents."""
        return self._post("/v1/ask", AskAnswer, {"question": question, "top_k": top_k})

    def predict(self, name: str, record: Mapping[str, str]) -> tuple[Prediction, Predictions]:
        """What an artifact says of one record, and the whole answer, which names the artifact."""
        told = self._post(f"/v1/predict/{quote(name, safe='')}", Predictions, {"records": [dict(record)]})
        return told.predictions[0], told

    def say(self, text: str, conversation: str | None, explain: bool) -> Reply:
        """The chatbot's reply; without a conversation a new one begins."""
        body = {"text": text, "conversation_id": conversation, "explain": explain}
        return self._post("/v1/chat", Reply, body)

    def answers(self) -> int:
        """How many answers the chatbot has."""
        return self._get("/v1/answers", AnswerPage, {"limit": 1}).total

    def import_answers(self, text: bytes, columns: Mapping[str, str]) -> Imported:
        """Add answers out of the bytes of a CSV file; ``columns`` is field to column."""
        query = {"map": [f"{field}={column}" for field, column in columns.items()]}
        body = self._call("POST", "/v1/answers/import", text, query, media="text/csv")
        return self._read(Imported, body)

    # -- feedback and review -----------------------------------------------------------------------

    def judge_turn(self, turn: int, good: bool, correction: str | None, client: str) -> Feedback:
        """Say whether a reply was right."""
        verdict = {"turn_id": turn, "verdict": "good" if good else "bad", "correction": correction}
        return self._post("/v1/feedback", Feedback, {**verdict, "client": client})

    def judge_answer(self, judged: Judged) -> Feedback:
        """Say whether an answer that was given outside a conversation was right."""
        given = {name: getattr(judged, name) for name in Answered.model_fields}
        body = {
            "answered": {**given, "texts": dict(judged.texts)},
            "verdict": "good" if judged.good else "bad",
            "correction": judged.correction,
            "note": judged.note,
            "client": judged.client,
        }
        return self._post("/v1/feedback", Feedback, body)

    def review(self, **query: Any) -> ReviewPage:
        """A page of feedback; see the parameters of /v1/review."""
        return self._get("/v1/review", ReviewPage, query)

    def review_item(self, id: int) -> ReviewItem:
        """One piece of feedback with every decision about it."""
        return self._get(f"/v1/review/{id}", ReviewItem)

    def decide(self, id: int, **decision: Any) -> ReviewItem:
        """Decide about feedback; see the body of /v1/review/{id}/decisions."""
        return self._post(f"/v1/review/{id}/decisions", ReviewItem, decision)

    # -- games -------------------------------------------------------------------------------------

    def game_sets(self) -> list[GameSet]:
        """The keywords that can be played with."""
        return self._get("/v1/games/sets", GameSets).sets

    def begin_game(self, kind: str, category: str | None, language: str) -> Game:
        """A new game over the server's first set of keywords."""
        body = {"kind": kind, "category": category, "language": language}
        return game_of(self._call("POST", "/v1/games", body))

    def play(self, id: str, do: str, text: str, version: int) -> Game:
        """Ask ("questions"), have a hint ("hints") or guess ("guesses")."""
        return game_of(self._call("POST", f"/v1/games/{id}/{do}", {"text": text, "version": version}))

    def reply(self, id: str, said: str, version: int) -> Game:
        """Answer the machine in a reverse game."""
        return game_of(self._call("POST", f"/v1/games/{id}/replies", {"said": said, "version": version}))

    def give_up(self, id: str) -> Game:
        """End a game."""
        return game_of(self._call("POST", f"/v1/games/{id}/give-up"))

    def mark(self, id: str, wrong: Mapping[int, str]) -> Marked:
        """Say which answers of a game that is over were wrong."""
        marks = [{"turn": turn, "correction": right} for turn, right in wrong.items()]
        return self._post(f"/v1/games/{id}/marks", Marked, {"wrong": marks})

    # -- HTTP --------------------------------------------------------------------------------------

    def _get(self, path: str, kind: type[T], query: Mapping[str, Any] | None = None) -> T:
        return self._read(kind, self._call("GET", path, query=query))

    def _post(self, path: str, kind: type[T], body: Mapping[str, Any]) -> T:
        return self._read(kind, self._call("POST", path, body))

    def _read(self, kind: type[T], body: Any) -> T:
        return _typed(kind, body)

    def _call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | bytes | None = None,
        query: Mapping[str, Any] | None = None,
        media: str = "application/json",
    ) -> Any:
        """The JSON that the server answers.

        Raises:
            ApiError: it refused, did not answer, or answered something else.
        """
        data = json.dumps(body).encode() if isinstance(body, Mapping) else body
        asked = {name: value for name, value in (query or {}).items() if value is not None}
        address = f"{self.url}{path}" + (f"?{urlencode(asked, doseq=True)}" if asked else "")
        headers = {"Accept": "application/json", **({"Content-Type": media} if data is not None else {})}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        request = Request(address, data, headers, method=method)
        try:
            with self._opener.open(request, timeout=self._timeout_s) as answer:
                return _json(answer.read(_LARGEST), answer.status)
        except HTTPError as err:
            raise _refusal(err) from None
        except (OSError, HTTPException) as err:
            reason = getattr(err, "reason", err)
            cure = "Start it (gongbang serve), or name another with --api URL."
            told = {"detail": f"{self.url} gives no answer: {reason}.", "cure": cure}
            raise ApiError("unreachable", 0, told, self.url) from err


def game_of(body: Any) -> Game:
    """A game as the server sends it.

    Raises:
        ApiError: it is none.
    """
    reverse = isinstance(body, Mapping) and body.get("kind") == "reverse"
    return _typed(ReverseGame, body) if reverse else _typed(GuessGame, body)


class _NoRedirect(HTTPRedirectHandler):
    """The API never sends elsewhere; a key must not go where somebody else says."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


def _checked(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise OptionError(
            "this is no address of a server.",
            value=url,
            allowed="scheme, host and port, such as http://127.0.0.1:8000",
            cure="Write it as 'gongbang serve' shows it, without /docs.",
        )
    return url.rstrip("/")


def _typed(kind: type[T], body: Any) -> T:
    try:
        return kind.model_validate(body)
    except ValidationError as err:
        fields = ", ".join(".".join(map(str, fault["loc"])) for fault in err.errors()[:3])
        told = {
            "detail": f"{kind.__name__} is not as this studio knows it ({fields}).",
            "cure": "Use a server and a studio of one version.",
        }
        raise ApiError("strange", 200, told) from err


def _json(data: bytes, status: int) -> Any:
    try:
        return json.loads(data)
    except ValueError as err:
        told = {"detail": "the answer is no JSON.", "cure": "Name the address of gongbang serve with --api."}
        raise ApiError("strange", status, told) from err


def _refusal(err: HTTPError) -> ApiError:
    """The problem document of an answer, or what can be said without one."""
    try:
        with err:
            body = json.loads(err.read(_LARGEST))
        kind = str(body["type"]).rsplit(":", 1)[-1]
        return ApiError(kind, err.code, body)
    except (ValueError, TypeError, KeyError, OSError):
        told = {
            "detail": f"the answer is HTTP {err.code} without a reason.",
            "cure": "Name the address of gongbang serve with --api.",
        }
        return ApiError("strange", err.code, told)
