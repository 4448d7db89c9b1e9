"""The stream of events, without a server and without waiting."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import anyio

from gongbang.errors import StoreAwayError, StoreMissingError
from gongbang.serve.database.job_rows import Job
from gongbang.serve.jobs.events import LOOK_S, STREAM_S, events

NOW = datetime(2026, 11, 2, tzinfo=UTC)
JOB = Job("0" * 32, "tally", "running", 0.0, "", 1, 3, None, None, False, False, 2, NOW, NOW, None, NOW, None)


def stream(looks, seen=0, first=JOB, lasts=10**9):
    """What a client gets when the job is found as ``looks`` say, one after the other, the last for ever."""
    time, left = [0.0], list(looks)

    async def pause(seconds):
        time[0] += seconds

    def look():
        found = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(found, Exception):
            raise found
        return found

    async def all_of():
        course = events(
            look, first, seen, ending=lambda: time[0] >= lasts, pause=pause, clock=lambda: time[0]
        )
        return [part.decode() async for part in course]

    return anyio.run(all_of), time[0]


def test_changes_alone_are_told():
    half = replace(JOB, progress=0.5, message="두 줄\n이다", version=3)
    done = replace(half, state="done", version=5)
    parts, _ = stream([JOB, JOB, half, half, done])
    assert [part.split("\n")[0] for part in parts] == ["retry: 1000", "id: 2", "id: 3", "id: 5"]
    assert "event: end" in parts[-1] and parts[-2].count("\n") == 4  # a line end within is no line end


def test_what_was_seen_is_not_told_again():
    done = replace(JOB, state="done", version=3)
    assert len(stream([done], seen=2)[0]) == 2
    assert [part[:5] for part in stream([done], seen=0)[0]] == ["retry", "id: 2", "id: 3"]


def test_a_stream_without_news_says_so_and_ends_by_itself():
    parts, lasted = stream([JOB])
    assert parts[2:] == [": still there\n\n"] * len(parts[2:]) and len(parts) > 10
    assert STREAM_S <= lasted <= STREAM_S + 2 * LOOK_S


def test_a_database_that_is_away_for_a_while_is_not_noticed():
    away = StoreAwayError("x", value="", allowed="", cure="")
    done = replace(JOB, state="done", version=3)
    assert len(stream([away, away, done])[0]) == 3


def test_a_job_that_is_deleted_ends_the_stream():
    gone = StoreMissingError("x", value="", allowed="", cure="")
    assert len(stream([gone])[0]) == 2


def test_a_server_that_is_to_end_does_not_wait_for_streams():
    assert stream([JOB], lasts=3)[1] == 3
