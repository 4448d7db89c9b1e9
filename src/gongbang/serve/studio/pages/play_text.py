"""Games as the play page shows them."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from gongbang.serve.games.schemas import GameTurn, GuessGame, ReverseGame
from gongbang.serve.studio.client import Game
from gongbang.serve.studio.markup import folded, marked, told
from gongbang.serve.studio.words import Words

_ANSWERS = ("yes", "no", "no-answer")
_KINDS = {"question": "play.question", "hint": "play.kind-hint", "guess": "play.kind-guess"}
_ENDS = {"found": "play.found", "not-found": "play.not-found", "given-up": "play.stopped"}
_SAID = {"yes": "yes", "no": "no", "unknown": "no-answer"}


def scene(game: Game, typed: Mapping[str, str], words: Words) -> str:
    """A game as it stands.

    Args:
        typed: what the player wrote, or what the machine said in a reverse game, by the number of the turn.
    """
    return _guess(game, typed, words) if isinstance(game, GuessGame) else _reverse(game, typed, words)


def turn_line(turn: GameTurn, words: Words) -> str:
    """A turn of a game that is over, in a line."""
    return f"{turn.number}. {turn.text} → {turn.read or turn.said}"


def mark_choices(turn: GameTurn, words: Words) -> list[tuple[str, str]]:
    """How an answer can be marked: right, wrong, or wrong with what would have been right."""
    choices = [(words("play.mark-right"), "right"), (words("play.mark-wrong"), "wrong")]
    if turn.kind == "question":
        others = [one for one in _ANSWERS if one != turn.answer]
        choices += [(words(f"play.mark-{one}"), one) for one in others]
    return choices


def _guess(game: GuessGame, typed: Mapping[str, str], words: Words) -> str:
    count = words("play.left", used=game.used, left=game.left)
    if game.status == "playing":
        top = escape(words("play.thinking", category=game.category))
        hints = escape(words("play.hints-open" if game.hint_open else "play.hints-shut"))
        parts = [f"<p class='big' id='play-top'>{top}</p><p>{escape(count)} · {hints}</p>"]
    else:
        top = f"{escape(game.says)} {escape(words('play.was', keyword=game.keyword))}"
        parts = [f"<p class='big' id='play-top'>{top}</p><p>{escape(count)}</p>"]
    if game.turns:
        parts.append(f"<h2>{escape(words('play.turns'))}</h2>")
        lines = [_turn(turn, game, typed.get(str(turn.number), ""), words) for turn in game.turns]
        parts.append(f"<ol>{''.join(f'<li>{line}</li>' for line in lines)}</ol>")
    if game.document:
        text = f"<p class='text box'>{escape(game.document)}</p>"
        parts.append(folded(words("play.document"), text))
    return told("".join(parts))


def _turn(turn: GameTurn, game: GuessGame, typed: str, words: Words) -> str:
    kind = escape(words(_KINDS[turn.kind]))
    line = f"<small>{kind}</small> {escape(turn.text or typed)} → <b>{escape(turn.read or turn.said)}</b>"
    if game.status == "playing" or turn.kind == "guess":
        return line
    if turn.evidence is None:
        return f"{line}<br><small>{escape(words('play.no-evidence'))}</small>"
    at = turn.evidence.text.find(turn.read) if turn.read else -1
    text = marked(turn.evidence.text, (at, at + len(turn.read)) if at >= 0 else None)
    return f"{line}<br><small>{escape(words('play.rests'))}: {text}</small>"


def _reverse(game: ReverseGame, typed: Mapping[str, str], words: Words) -> str:
    count = f"<p>{escape(words('play.left', used=game.used, left=game.left))}</p>"
    if game.move is not None:
        asked = game.move.text
        if game.move.kind == "guess":
            asked = words("play.is-it", text=asked)
        top = f"<p class='big' id='play-top'>{escape(asked)}</p>"
    else:
        end = words(_ENDS[game.status], keyword=game.keyword or "", used=game.used)
        top = f"<p class='big' id='play-top'>{escape(end)}</p>"
    lines = []
    for number, reply in enumerate(game.replies, 1):
        said = escape(words(_SAID[reply.said]))
        lines.append(f"<li>{escape(typed.get(str(number), reply.id))} → <b>{said}</b></li>")
    turns = f"<h2>{escape(words('play.turns'))}</h2><ol>{''.join(lines)}</ol>" if lines else ""
    return told(top + count + turns)
