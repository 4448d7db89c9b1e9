"""Champions: the versions of an artifact that passed a gate, one of them served, and the way back.

``champions/NAME/`` holds ``versions/ID/`` (artifact folders, never changed), ``champion.json`` (which of them
is served, replaced as a whole) and ``history.jsonl`` (every decision, the refused ones too). The folder can
be opened wherever an artifact can: ``gongbang.load("champions/NAME")`` and a server follow the pointer.

The order of a promotion: the version is written and forced to disk, the history says what is about to happen,
the pointer is replaced, the history says that it has. A crash leaves the old pointer or the new one, and the
next writer adds to the history which of them it was.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gongbang.artifacts.files import append_line, read_lines, write_json
from gongbang.artifacts.format import Artifact, open_artifact
from gongbang.artifacts.gate import Verdict
from gongbang.artifacts.hashing import short
from gongbang.artifacts.lock import RunLock
from gongbang.artifacts.pointer import POINTER, Pointer, read_pointer, version_folder
from gongbang.errors import ArtifactError

HISTORY = "history.jsonl"
_LOCK = ".lock"


def _now() -> datetime:
    return datetime.now(UTC)


class Champion:
    """One name's champion, its former ones, and what was decided about it.

    Args:
        folder: ``champions/NAME``; made at the first promotion.
        now: the time that goes into the history.
    """

    def __init__(self, folder: str | Path, now: Callable[[], datetime] = _now) -> None:
        self.folder = Path(folder)
        self._now = now
        self._lock = RunLock(self.folder / _LOCK, "champion")

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.resolve().name

    @property
    def pointer(self) -> Pointer | None:
        """What is served; None where nothing was promoted yet.

        Raises:
            ArtifactError: the pointer cannot be read.
        """
        return read_pointer(self.folder)

    def current(self) -> Artifact | None:
        """The artifact that is served, every hash checked; None where there is none yet.

        Raises:
            ArtifactError: the pointer or the version cannot be used.
        """
        pointer = self.pointer
        return None if pointer is None else self._version(pointer.id)

    def history(self) -> list[dict[str, Any]]:
        """Every record, oldest first; a promotion has one when it begins and one when it is done."""
        return list(read_lines(self.folder / HISTORY))

    def settle(
        self, challenger: str | Path, verdict: Verdict, *, new_suite: bool = False, again: bool = False
    ) -> Artifact | None:
        """Do as the verdict says: promote the challenger, or keep the champion and note why.

        Returns:
            the artifact that is served now; None where there is none still.

        Raises:
            ArtifactError: see :meth:`promote`.
        """
        if _is_verdict(verdict).promotes:
            return self.promote(challenger, verdict, new_suite=new_suite, again=again)
        self.keep(verdict)
        return self.current()

    def keep(self, verdict: Verdict) -> None:
        """Note that a challenger was refused, and why.

        Raises:
            ArtifactError: another process is writing.
        """
        _is_verdict(verdict)
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._lock:
            self._reconcile()
            self._note("keep", "done", verdict=verdict.to_dict(), challenger=verdict.challenger)

    def promote(
        self, challenger: str | Path, verdict: Verdict, *, new_suite: bool = False, again: bool = False
    ) -> Artifact:
        """Put a challenger that the gate let through in the champion's place.

        Args:
            challenger: its folder, copied here.
            verdict: of the gate, on this challenger against the champion of now.
            new_suite: whether it may have been judged on another suite than the champion was.
            again: whether it may be one that was rolled back from.

        Raises:
            ArtifactError: the verdict is none, keeps the champion, or is about other artifacts than these
                or another suite; the challenger is corrupted or was rolled back from; or another process
                is promoting.
        """
        _is_verdict(verdict)
        artifact = open_artifact(challenger)
        if not verdict.promotes:
            raise _refused(
                "the gate did not let this challenger through.", "; ".join(verdict.reasons), "a better one"
            )
        if artifact.id != verdict.challenger:
            raise _refused(
                "the verdict is on another artifact.",
                f"{short(artifact.id)}, verdict on {short(verdict.challenger)}",
                "the artifact that the gate judged",
            )
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._lock:
            self._reconcile()
            pointer = self.pointer
            self._check_champion(pointer, verdict, new_suite)
            line, withdrawn = ((), ()) if pointer is None else (pointer.line, pointer.withdrawn)
            if artifact.id in withdrawn and not again:
                raise _refused(
                    "this artifact was the champion before, and was rolled back from.",
                    short(artifact.id),
                    "another challenger",
                    cure="Find out why it was; then promote it again: gongbang retrain --again.",
                )
            self._store(artifact)
            left = tuple(id for id in withdrawn if id != artifact.id)
            new = Pointer((*line, artifact.id), verdict.suite, 0, left)
            self._point(new, "promote", verdict=verdict.to_dict())
        return self._version(artifact.id)

    def rollback(self, reason: str = "") -> Artifact:
        """Serve the champion before this one again: its very bytes, their hashes checked first.

        Args:
            reason: for the history.

        Raises:
            ArtifactError: there is none before it, it was changed on disk, or another process is writing.
        """
        if self.pointer is None:
            raise self._no_way_back(())
        with self._lock:
            self._reconcile()
            pointer = self.pointer
            if pointer is None or len(pointer.line) < 2:
                raise self._no_way_back(() if pointer is None else pointer.line)
            before = self._version(pointer.line[-2])
            withdrawn = (*pointer.withdrawn, pointer.id)
            new = Pointer(pointer.line[:-1], pointer.suite, 0, withdrawn)
            self._point(new, "rollback", reason=reason, away=pointer.id)
        return before

    def _version(self, id: str) -> Artifact:
        artifact = open_artifact(version_folder(self.folder, id))
        if artifact.id != id:
            raise ArtifactError(
                "a version of the champion is another artifact than it was.",
                value=f"{artifact.path}: {short(artifact.id)}",
                allowed=short(id),
                cure="Restore the folder from a backup, or promote anew.",
            )
        return artifact

    def _check_champion(self, pointer: Pointer | None, verdict: Verdict, new_suite: bool) -> None:
        held = "" if pointer is None else pointer.id
        if verdict.champion != held:
            raise _refused(
                "the champion is another one than the gate judged against.",
                f"{short(held) or 'none'}, verdict against {short(verdict.champion) or 'none'}",
                "a verdict against the champion of now",
            )
        if pointer is not None and verdict.suite != pointer.suite and not new_suite:
            raise _refused(
                "the challenger was judged on another suite than the champion.",
                f"suite {short(verdict.suite)}",
                f"suite {short(pointer.suite)}, or a new one where that is said (--new-suite)",
            )

    def _store(self, artifact: Artifact) -> None:
        """Copy an artifact to where its id says, whole and on disk before anything points to it."""
        place = version_folder(self.folder, artifact.id)
        if place.exists():
            self._version(artifact.id)  # it was a champion before
            return
        place.parent.mkdir(exist_ok=True)
        scratch = Path(tempfile.mkdtemp(dir=place.parent, prefix=".new-"))
        try:
            copied = scratch / "artifact"
            shutil.copytree(artifact.whole(), copied)
            open_artifact(copied)
            for path in sorted(copied.rglob("*")):
                _force(path)
            _force(copied)
            copied.rename(place)
            _force(place.parent)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def _point(self, new: Pointer, event: str, **more: Any) -> None:
        """Put another pointer in the place of the one there is, and say so before and after."""
        number = self._note(event, "begun", to=new.id, **more)
        write_json(self.folder / POINTER, replace(new, number=number).to_dict())
        _force(self.folder)
        self._note(event, "done", to=new.id, begun=number)

    def _reconcile(self) -> None:
        """Say what became of a change whose writer died before it could."""
        last = next(reversed(self.history()), None)
        if last is None or last.get("state") != "begun":
            return
        pointer = self.pointer
        done = pointer is not None and pointer.number == last["number"]
        self._note(str(last["event"]), "done" if done else "undone", to=last["to"], begun=last["number"])

    def _note(self, event: str, state: str, **more: Any) -> int:
        number = len(self.history()) + 1
        record: Mapping[str, Any] = {
            "number": number,
            "at": self._now().isoformat(timespec="seconds"),
            "event": event,
            "state": state,
            **more,
        }
        append_line(self.folder / HISTORY, record)
        _force(self.folder / HISTORY)
        return number

    def _no_way_back(self, line: tuple[str, ...]) -> ArtifactError:
        return _refused(
            f"there is no champion of '{self.name}' to go back to.",
            "no champion yet" if not line else "the first champion",
            "a champion that took the place of another",
            cure="Promote one first." if not line else "See history.jsonl beside it.",
        )


def champion_of(name: str, root: str | Path = "champions") -> Champion:
    """The champion of a name below a folder of champions.

    Raises:
        ArtifactError: the name leads out of the folder.
    """
    if not name or name != Path(name).name or name.startswith("."):
        raise _refused("this is no name of a champion.", name, "one plain folder name, such as boolq-ko")
    return Champion(Path(root) / name)


def _is_verdict(verdict: Verdict) -> Verdict:
    if not isinstance(verdict, Verdict):
        raise _refused("nothing is promoted without a gate.", type(verdict).__name__, "the gate's verdict")
    return verdict


def _refused(what: str, value: str, allowed: str, cure: str = "Let the gate judge again.") -> ArtifactError:
    return ArtifactError(what, value=value, allowed=allowed, cure=cure)


def _force(path: Path) -> None:
    """Make sure that a file's bytes, or a folder's names, are on disk; Windows opens no folders."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except PermissionError:
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
