"""Rules for container files, each of them a fault that was met: checked by ``python -m deploy check``.

In the manner of hadolint, and for what it does not know: the context, and the digests of a deploy.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from deploy.images import DIGEST
from deploy.manifest import holds_secret

_ROOT = {"root", "0"}
_WORD = re.compile(r"""(?:[^\s"']+|"[^"]*"|'[^']*')+""")


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction: its word in capitals, what follows on one line, and the line it begins at."""

    word: str
    text: str
    line: int

    @property
    def words(self) -> list[str]:
        """What follows, word by word, flags included."""
        return _WORD.findall(self.text)

    @property
    def flags(self) -> dict[str, str]:
        """Flags such as ``--from=build``."""
        pairs = (word[2:].partition("=") for word in self.words if word.startswith("--"))
        return {name: value for name, _, value in pairs}


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage: what it starts from, what it is called, and its instructions."""

    base: str
    name: str | None
    line: int
    body: tuple[Instruction, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that is broken, and where."""

    rule: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.line}: {self.rule}: {self.what}"


@dataclass(frozen=True, slots=True)
class File:
    """A container file, read.

    Attributes:
        arguments: ARGs before the first stage.
        stages: in order.
        context: the files that the build sees.
        deploy: whether it is about to be deployed.
    """

    arguments: tuple[Instruction, ...]
    stages: tuple[Stage, ...]
    context: Sequence[str]
    deploy: bool

    def parent(self, stage: Stage) -> Stage | None:
        """The stage that a stage starts from; None where that is an image."""
        before = self.stages[: self.stages.index(stage)]
        return next((one for one in reversed(before) if one.name == stage.base), None)

    def line_of(self, stage: Stage) -> Iterator[Stage]:
        """A stage, the one that it starts from, and so on."""
        at: Stage | None = stage
        while at is not None:
            yield at
            at = self.parent(at)

    @property
    def targets(self) -> list[Stage]:
        """The stages that nothing starts from and nothing is copied from: what is run."""
        used = {stage.base for stage in self.stages}
        used |= {one.flags.get("from", "") for stage in self.stages for one in stage.body}
        return [stage for stage in self.stages if stage.name not in used]


def instructions(text: str) -> list[Instruction]:
    """The instructions of a container file; lines that go on are joined, comments left out."""
    found: list[Instruction] = []
    begun, parts = 0, list[str]()
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("#") or (not line.strip() and not parts):
            continue
        begun = begun or number
        parts.append(line.strip().removesuffix("\\").strip())
        if line.rstrip().endswith("\\"):
            continue
        word, _, rest = " ".join(parts).partition(" ")
        found.append(Instruction(word.upper(), rest.strip(), begun))
        begun, parts = 0, []
    return found


def read(text: str, context: Sequence[str], *, deploy: bool) -> File:
    """A container file from its text."""
    arguments, stages = list[Instruction](), list[Stage]()
    for one in instructions(text):
        if one.word == "FROM":
            words = [word for word in one.words if not word.startswith("--")]
            named = len(words) > 2 and words[1].upper() == "AS"
            stages.append(Stage(words[0] if words else "", words[2] if named else None, one.line))
        elif stages:
            stages[-1] = replace(stages[-1], body=(*stages[-1].body, one))
        else:
            arguments.append(one)
    return File(tuple(arguments), tuple(stages), context, deploy)


def broken(text: str, context: Sequence[str], *, deploy: bool = False) -> list[Finding]:
    """The rules that a container file breaks, by line.

    Args:
        text: the file.
        context: the files that its build sees, from the root.
        deploy: ask for digests too.

    Example:
        >>> [finding.rule for finding in broken("FROM python:latest\\nUSER root\\nCMD python", [])]
        ['tag', 'user', 'health', 'exec-form']
    """
    file = read(text, context, deploy=deploy)
    if not file.stages:
        return [Finding("stages", 1, "there is no FROM")]
    found = [finding for rule in RULES.values() for finding in rule(file)]
    order = list(RULES)
    return sorted(found, key=lambda finding: (finding.line, order.index(finding.rule)))


def _bases(file: File) -> Iterator[tuple[Stage, str]]:
    """Stages that start from an image of others."""
    for stage in file.stages:
        if file.parent(stage) is None and stage.base != "scratch":
            yield stage, stage.base


def _tag(file: File) -> Iterator[Finding]:
    for stage, base in _bases(file):
        name, _, digest = base.partition("@")
        tag = name.rpartition("/")[2].partition(":")[2]
        if tag == "latest" or (not tag and not digest):
            yield Finding("tag", stage.line, f"'{base}' is another image tomorrow: name a version")


def _digest(file: File) -> Iterator[Finding]:
    for stage, base in _bases(file) if file.deploy else ():
        if not DIGEST.fullmatch(base.partition("@")[2]):
            yield Finding(
                "digest", stage.line, f"'{base}' is deployed without a digest: python -m deploy pin"
            )


def _user(file: File) -> Iterator[Finding]:
    for stage in file.targets:
        last = next(
            (one for part in file.line_of(stage) for one in reversed(part.body) if one.word == "USER"), None
        )
        if last is None:
            yield Finding("user", stage.line, f"'{stage.name or stage.base}' runs as root: set USER")
        elif last.text.partition(":")[0] in _ROOT:
            yield Finding("user", last.line, "USER is root")


def _add(file: File) -> Iterator[Finding]:
    for one in _all(file, "ADD"):
        if "://" in one.text or one.text.startswith("git@"):
            yield Finding("add", one.line, "ADD of an address: nobody checks what comes")
        else:
            yield Finding("add", one.line, "ADD unpacks and fetches by itself: COPY says what happens")


def _apt(file: File) -> Iterator[Finding]:
    for one in _all(file, "RUN"):
        installs = re.search(r"\bapt(-get)?\b[^&|;]*\binstall\b[^&|;]*", one.text)
        if installs and "--no-install-recommends" not in installs[0]:
            yield Finding("apt", one.line, "apt-get install without --no-install-recommends")
        if re.search(r"\bapt(-get)?\b[^&|;]*\bupdate\b", one.text) and "/var/lib/apt/lists" not in one.text:
            yield Finding("apt", one.line, "apt's lists stay in the layer: rm -rf /var/lib/apt/lists/*")
        if re.search(r"\bapt(-get)?\b[^&|;]*\b(dist-|full-)?upgrade\b", one.text):
            yield Finding("apt", one.line, "an upgrade undoes the pinned base: take a newer digest")


def _pip(file: File) -> Iterator[Finding]:
    for one in _all(file, "RUN"):
        for words in re.findall(r"\bpip3?\b[^&|;]*?\binstall\b([^&|;]*)", one.text):
            if not re.search(r"(^|\s)(-r|--requirement)\b|--no-index\b", words):
                yield Finding("pip", one.line, f"pip installs what is not in a lock: {words.strip()}")


def _health(file: File) -> Iterator[Finding]:
    for stage in file.targets:
        check = next(
            (one for part in file.line_of(stage) for one in reversed(part.body) if one.word == "HEALTHCHECK"),
            None,
        )
        if check is None or check.text.strip().upper() == "NONE":
            line = stage.line if check is None else check.line
            yield Finding("health", line, f"'{stage.name or stage.base}' has no HEALTHCHECK")


def _copy(file: File) -> Iterator[Finding]:
    names = {stage.name for stage in file.stages}
    for one in _all(file, "COPY", "ADD"):
        origin = one.flags.get("from")
        if origin is not None:
            if origin not in names and "@sha256:" not in origin:
                yield Finding(
                    "copy", one.line, f"--from={origin} is no stage of this file, and has no digest"
                )
            continue
        for source in _sources(one):
            if "://" not in source and not _there(source, file.context):
                yield Finding("copy", one.line, f"'{source}' is not in the build context")


def _sources(one: Instruction) -> list[str]:
    words = [word for word in one.words if not word.startswith("--")]
    if words and words[0].startswith("["):
        try:
            words = list(map(str, json.loads(" ".join(words))))
        except json.JSONDecodeError:
            return []
    return words[:-1]


def _there(source: str, context: Sequence[str]) -> bool:
    name = source.removeprefix("./").strip("/")
    if name in ("", "."):
        return bool(context)
    return any(
        path == name
        or path.startswith(f"{name}/")
        or fnmatchcase(path, name)
        or fnmatchcase(path, f"{name}/*")
        for path in context
    )


def _secret(file: File) -> Iterator[Finding]:
    for one in (*file.arguments, *_all(file, "ENV", "ARG")):
        for name, value in _assigned(one):
            if holds_secret(name, value) or (one.word == "ARG" and holds_secret(name, value or "given")):
                yield Finding("secret", one.line, f"'{name}' stays in the layers for everyone: mount a file")


def _assigned(one: Instruction) -> Iterator[tuple[str, str]]:
    words = one.words
    if one.word == "ENV" and words and "=" not in words[0]:  # the old form: ENV NAME VALUE
        yield words[0], " ".join(words[1:])
        return
    for word in words:
        name, _, value = word.partition("=")
        yield name, value.strip("\"'")


def _exec_form(file: File) -> Iterator[Finding]:
    for one in _all(file, "CMD", "ENTRYPOINT", "HEALTHCHECK"):
        text = one.text.partition("CMD ")[2] if one.word == "HEALTHCHECK" else one.text
        if one.word == "HEALTHCHECK" and one.text.strip().upper() == "NONE":
            continue
        try:
            words = json.loads(text)
        except json.JSONDecodeError:
            words = None
        if not isinstance(words, list) or not words or not all(isinstance(word, str) for word in words):
            shell = f"{one.word} runs in a shell, which keeps signals to itself: write a list of words"
            yield Finding("exec-form", one.line, shell)


def _workdir(file: File) -> Iterator[Finding]:
    for one in _all(file, "WORKDIR"):
        if not one.text.strip("\"'").startswith(("/", "$")):
            yield Finding("workdir", one.line, f"'{one.text}' depends on what was before: begin with /")


def _all(file: File, *words: str) -> Iterator[Instruction]:
    for stage in file.stages:
        yield from (one for one in stage.body if one.word in words)


RULES: Mapping[str, Callable[[File], Iterator[Finding]]] = {
    "tag": _tag,
    "digest": _digest,
    "user": _user,
    "add": _add,
    "apt": _apt,
    "pip": _pip,
    "copy": _copy,
    "secret": _secret,
    "health": _health,
    "exec-form": _exec_form,
    "workdir": _workdir,
}
"""Rules by name."""
