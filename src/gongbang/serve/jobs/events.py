"""A job's course as server-sent events (WHATWG HTML, section 9.2).

An event brings the job as it is, and its id is the job's version: who missed some ends in the right state
all the same, and who comes back with the last id hears nothing twice.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable

from anyio import current_time, sleep
from starlette.concurrency import run_in_threadpool

from gongbang.errors import StoreAwayError, StoreMissingError
from gongbang.serve.database.job_rows import Job

MEDIA = "text/event-stream"
LOOK_S = 0.5
STREAM_S = 300.0
"""Seconds after which a stream ends by itself; a browser comes back by itself too."""

_QUIET_S = 15.0  # after which a comment keeps proxies from closing the connection


async def events(
    look: Callable[[], Job],
    first: Job,
    seen: int,
    *,
    ending: Callable[[], bool] = lambda: False,
    pause: Callable[[float], Awaitable[None]] = sleep,
    clock: Callable[[], float] = current_time,
) -> AsyncIterator[bytes]:
    """The events of a job from now to its end.

    Args:
        look: reads the job. first: the job as it is. seen: the last version that the client knows, or 0.
        ending: whether the server is to end, which would wait for the stream.
        pause, clock: how time passes.
    """
    job, began = first, clock()
    told_at = began
    yield b"retry: 1000\n\n"
    while True:
        if job.version > seen:
            seen, told_at = job.version, clock()
            yield event_of(job)
        if job.over or ending() or clock() - began > STREAM_S:
            return
        if clock() - told_at > _QUIET_S:
            told_at = clock()
            yield b": still there\n\n"
        await pause(LOOK_S)
        try:
            job = await run_in_threadpool(look)
        except StoreAwayError:
            continue  # it is looked at again; the stream ends by itself if it stays away
        except StoreMissingError:
            return


def event_of(job: Job) -> bytes:
    """An event: ``end`` where nothing more will come, else ``progress``."""
    kind = "end" if job.over else "progress"
    told = {
        "event": kind,
        "state": job.state,
        "progress": job.progress,
        "message": job.message,
        "attempts": job.attempts,
        "error": job.error,
    }
    data = json.dumps(told, ensure_ascii=False)  # one line: JSON escapes line ends
    return f"id: {job.version}\nevent: {kind}\ndata: {data}\n\n".encode()
