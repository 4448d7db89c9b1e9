"""``gongbang jobs``: what a server accepted, and what became of it."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from gongbang.cli.output import emit
from gongbang.errors import OptionError, printable

if TYPE_CHECKING:
    from gongbang.serve.database.job_rows import Job
    from gongbang.serve.database.jobs import Jobs

_STATES = ("queued", "running", "done", "failed", "cancelled")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The actions of ``jobs`` and their options."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listed = actions.add_parser("list", help="the newest jobs")
    listed.add_argument("--state", choices=_STATES, help="of this state alone")
    listed.add_argument("--kind", metavar="KIND", help="of this kind alone")
    dead = actions.add_parser("dead", help="jobs that were given up after their last attempt")
    for action in (listed, dead):
        action.add_argument("--limit", type=int, default=20, metavar="N", help="how many (20)")
    shown = actions.add_parser("show", help="one job, with what came of it")
    cancel = actions.add_parser("cancel", help="cancel a job")
    retry = actions.add_parser("retry", help="queue a failed or cancelled job again")
    for action in (shown, cancel, retry):
        action.add_argument("id", metavar="ID", help="the job's id, or how it begins")
    for action in (listed, dead, shown, cancel, retry):
        action.add_argument("--database", required=True, metavar="URL", help="the server's database")


def run(args: argparse.Namespace) -> Any:
    """Do what was asked, print, and give what ``--json`` prints."""
    from gongbang.serve.database.jobs import Jobs
    from gongbang.serve.database.migrate import upgrade
    from gongbang.serve.database.store import Store

    with Store(args.database) as store:
        upgrade(args.database)
        jobs = Jobs(store)
        if args.action in {"list", "dead"}:
            return _list(jobs, args)
        id = _whole(jobs, args.id)
        job = {"show": jobs.get, "cancel": jobs.cancel, "retry": jobs.retry}[args.action](id)
        told = _plain(job)
        if args.action == "show" and job.state == "done":
            told["result"] = jobs.result(id)[1]
        return emit(told, args, lambda: _text(job, told))


def _list(jobs: Jobs, args: argparse.Namespace) -> Any:
    if args.action == "dead":
        page = jobs.page(dead=True, limit=args.limit)
    else:
        page = jobs.page(state=args.state, kind=args.kind, limit=args.limit)
    lines = [_line(job) for job in page.items]
    told = {"total": page.total, "jobs": [_plain(job) for job in page.items]}
    return emit(told, args, "\n".join([*lines, f"{len(lines)} of {page.total}"]))


def _whole(jobs: Jobs, id: str) -> str:
    """An id, where only one job's begins so; the newest thousand are looked at."""
    if len(id) == 32:
        return id
    found = [job.id for job in jobs.page(limit=1000).items if job.id.startswith(id)]
    if len(found) == 1:
        return found[0]
    raise OptionError(
        "several jobs' ids begin so." if found else "no job's id begins so.",
        value=id,
        allowed="32 hexadecimal digits, or how one of them begins",
        cure="See gongbang jobs list --database URL.",
    )


def _plain(job: Job) -> dict[str, Any]:
    """A job as plain data, times as text."""
    told = {name: value for name, value in asdict(job).items() if name != "payload" or value is not None}
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in told.items()}


def _line(job: Job) -> str:
    said = job.error["what"] if job.error is not None else job.message
    words = [
        job.id,
        f"{job.kind:<8}",
        f"{job.state:<9}",
        f"{job.progress:>4.0%}",
        f"{job.created:%m-%d %H:%M}",
    ]
    return printable(" ".join([*words, said]))


def _text(job: Job, told: dict[str, Any]) -> str:
    lines = [_line(job), f"attempts: {job.attempts} of {job.max_attempts}"]
    for name, value in (job.error or {}).items():
        lines.append(printable(f"{name}: {value}"))
    for name, value in told.get("result", {}).items():
        lines.append(printable(f"{name}: {value}"))
    if job.file is not None:
        lines.append(f"file: {job.id}/{job.file.name} in the folder of results, {job.file.bytes:,} bytes")
    return "\n".join(lines)
