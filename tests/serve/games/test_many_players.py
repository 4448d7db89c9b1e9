"""Many players at once: no game meets another, none is told its keyword before the end, every turn counts.

GONGBANG_GAMES=1000 GONGBANG_PLAYERS=50 plays as many games by as many players, on every database.
"""

from __future__ import annotations

import logging
import os
import random
import secrets
import sys
import threading
from collections import Counter
from dataclasses import dataclass, field

import pytest

from gongbang.apps.twenty_questions.asking import about
from tests.notes import note
from tests.serve.games.models import answer_to, finder
from tests.serve.games.test_routes import GAMES

MANY = int(os.environ.get("GONGBANG_GAMES", "60"))
PLAYERS = int(os.environ.get("GONGBANG_PLAYERS", "10"))


@dataclass
class Sent:
    """What one game's player was sent before its end, and what came of it."""

    secret: str
    names: tuple[str, ...]
    bodies: list[str] = field(default_factory=list)


class Player(threading.Thread):
    """Plays games one after the other, each to its end, by chance and never the same words twice."""

    def __init__(self, client, number, games, secret_of, log):
        super().__init__(name=f"player {number}")
        self.client, self.number, self.games, self.secret_of, self.log = client, number, games, secret_of, log
        self.chance = random.Random(number)
        self.tally: Counter[str] = Counter()
        self.sent: list[Sent] = []
        self.failure: BaseException | None = None

    def run(self):
        try:
            for game in range(self.games):
                self.play(game)
        except BaseException as err:
            self.failure = err
            sys.stderr.write(f"{self.name}: {err!r}"[:400] + "\n")  # at once: others play for long

    def send(self, method, url, body=None):
        """An answer; a database that is busy is asked again, as its problem document says."""
        for _ in range(20):
            answered = self.client.request(method, url, json=body)
            if answered.status_code != 503:
                break
            assert answered.json()["type"].endswith(":away") and "game" not in answered.json()
            self.tally["asked again"] += 1
        return answered

    def play(self, number):
        answered = self.send("POST", GAMES, {"kind": "guess", "category": None})
        assert answered.status_code == 201, answered.text
        game = answered.json()
        url = f"{GAMES}/{game['id']}"
        keyword = self.secret_of(game["id"])
        seen = Sent(keyword.name, (keyword.name, *keyword.aliases), [answered.text])
        self.sent.append(seen)
        turns, ends_at = [], self.chance.randint(1, 24)
        while game["status"] == "playing":
            kind, text = self.choice(keyword, turns, number, ends_at)
            answered = self.send("POST", f"{url}/{kind}", {"text": text, "version": game["version"]})
            if kind == "hints" and len(turns) < 5:
                assert answered.status_code == 409 and answered.json()["game"] == game
                seen.bodies.append(answered.text)
                self.tally["refused"] += 1
                continue
            assert answered.status_code == 200, answered.text
            turns.append((kind, text))
            game = answered.json()
            self.check(game, turns, keyword)
            if game["status"] == "playing":
                seen.bodies += [answered.text, self.send("GET", url).text]
        self.ended(url, game, turns, keyword)

    def choice(self, keyword, turns, number, ends_at):
        """A turn; at its own time the player names the keyword, which the script alone knows."""
        own = f"{self.number}-{number}-{len(turns)}-{self.chance.randrange(10**9)}"
        if len(turns) + 1 >= ends_at:
            return "guesses", f"혹시 {' '.join(keyword.name)}인가요?"
        kind = self.chance.choices(("questions", "hints", "guesses"), (6, 2, 1))[0]
        texts = {"questions": "그것은 {}인가요?", "hints": "{}에 대해 무엇이 있나요?", "guesses": "{}번 물건"}
        return kind, texts[kind].format(own)

    def check(self, game, turns, keyword):
        """What came back is this game's alone, after exactly so many turns."""
        assert (game["used"], game["left"]) == (len(turns), 20 - len(turns))
        assert len(game["turns"]) == len(turns) and game["version"] == len(turns) + 1
        assert game["category"] == keyword.category
        kind, text = turns[-1]
        last = game["turns"][-1]
        assert (f"{last['kind']}s", last["number"]) in {
            (kind, len(turns)),
            (kind.replace("guesses", "guesss"), len(turns)),
        }
        if kind == "questions":  # of another keyword or another player's words it would be another one
            assert last["answer"] == answer_to(about(text, keyword.name), keyword.name)

    def ended(self, url, game, turns, keyword):
        won = turns[-1][0] == "guesses" and keyword.name[0] in turns[-1][1]
        assert game["status"] == ("won" if won else "lost") and (won or len(turns) == 20)
        assert game["keyword"] == keyword.name
        assert [turn["text"] for turn in game["turns"]] == [text for _, text in turns]
        for turn in game["turns"]:
            evidence = turn["evidence"]
            assert evidence is None or evidence["text"] in keyword.document
        assert self.send("POST", f"{url}/questions", {"text": "하나 더?"}).status_code == 409
        assert self.send("GET", url).json() == game
        answered = [turn["number"] for turn in game["turns"] if turn["kind"] != "guess"]
        wrong = [{"turn": number} for number in answered[::3]]
        marked = self.send("POST", f"{url}/marks", {"wrong": wrong})
        assert marked.json() == {"right": len(answered) - len(wrong), "wrong": len(wrong)}
        self.tally += Counter({"games": 1, game["status"]: 1, "turns": len(turns), "marks": len(answered)})


def test_players_never_meet_and_are_told_nothing_before_the_end(opened, kind, secret_of, store, caplog):
    if kind != "sqlite" and "GONGBANG_GAMES" not in os.environ:
        pytest.skip("one kind of database is enough here; GONGBANG_GAMES=N plays on all")
    caplog.set_level(logging.DEBUG)
    servers = [opened(), opened()]  # two processes' worth of servers over one database
    shares = [MANY // PLAYERS + (number < MANY % PLAYERS) for number in range(PLAYERS)]
    players = [
        Player(servers[number % 2], number, share, secret_of, caplog) for number, share in enumerate(shares)
    ]
    for player in players:
        player.start()
    for player in players:
        player.join()
    assert [player.failure for player in players] == [None] * PLAYERS
    tally = sum((player.tally for player in players), Counter())
    assert tally["games"] == MANY and tally["won"] and tally["lost"]

    bodies = 0
    for sent in (sent for player in players for sent in player.sent):
        names = finder(sent.names)
        for body in sent.bodies:
            assert not names(body), (sent.secret, body)
        bodies += len(sent.bodies)
    every = finder(sorted({name for player in players for sent in player.sent for name in sent.names}))
    lines = [caplog.handler.format(record) for record in caplog.records]
    assert not [line for line in lines if every(line)]
    assert kept_marks(store) == tally["marks"]
    note(
        f"games on {kind}: {dict(sorted(tally.items()))} by {PLAYERS} players; {bodies} bodies before an end"
        f" and {len(lines)} lines of the log searched, none names a keyword"
    )


def kept_marks(store):
    from gongbang.serve.database.review import Review

    return Review(store).page(origin="game").total


def test_the_search_finds_what_it_is_for():
    found = finder(["고래", "mail carrier"])
    for text in ("고 래는", "'고','래'", "향고래에서", "고래", "MAIL-Carriers", "ｍａｉｌcarrier", "고\n래"):
        assert found(text), text
    assert not found("고라니 래미콘 mail")
    assert not finder([secrets.token_hex(8)])("고래")
