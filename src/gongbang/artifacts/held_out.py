"""Which questions an artifact was neither trained nor chosen on, so that its score can be measured again.

The groups of the recipe's test part are kept in the artifact as hashes: a group may be a person or an
unpublished document, whose name is nobody's business. Where the recipe groups records by a text of theirs,
that text's name is kept too, and records of a file are grouped likewise before they are compared.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from gongbang.artifacts.files import read_json
from gongbang.artifacts.format import Artifact
from gongbang.artifacts.hashing import bytes_hash, short
from gongbang.data.records import Record
from gongbang.data.splits import group_name, grouped_by
from gongbang.errors import ArtifactError, DataError

HELD_OUT = "held-out.json"
_LENGTH = 16  # hexadecimal digits of a hash: two of a million groups meet by chance once in 37 million files


def held_out_file(groups: Iterable[str], group_by: str = "") -> bytes:
    """The content of the artifact's part, from the names of the groups.

    Args:
        groups: of the recipe's test part.
        group_by: the text that makes the group of a record, where the recipe names one.
    """
    return _HeldOut(frozenset(group_mark(group) for group in groups), group_by).file()


def without_records(artifact: Artifact, records: Iterable[Record]) -> bytes:
    """The part's content once the groups of these records have been looked at as well."""
    held = _held_out(artifact)
    return replace(held, marks=held.marks - {held.mark(record) for record in records}).file()


def only_held_out(artifact: Artifact, records: Sequence[Record]) -> list[Record]:
    """The records, of which only those of the artifact's held-out groups still ask something.

    The others keep their passages: what is searched stays as large as it is.

    Raises:
        ArtifactError: the artifact does not say what was held out.
        DataError: no record belongs to a held-out group.
    """
    held = _held_out(artifact)
    kept = [record if held.mark(record) in held.marks else _passage_only(record) for record in records]
    if not any("question" in record.fields for record in kept):
        raise _nothing_held_out(artifact, records, len(held.marks))
    return kept


def held_out_records(artifact: Artifact, records: Sequence[Record]) -> list[Record]:
    """The records of the artifact's held-out groups, for tasks that judge each record by itself.

    Raises:
        ArtifactError: the artifact does not say what was held out.
        DataError: no record belongs to a held-out group.
    """
    held = _held_out(artifact)
    kept = [record for record in records if held.mark(record) in held.marks]
    if not kept:
        raise _nothing_held_out(artifact, records, len(held.marks))
    return kept


def _nothing_held_out(artifact: Artifact, records: Sequence[Record], groups: int) -> DataError:
    return DataError(
        f"the file holds nothing that was held out when '{artifact.manifest.name}' was made.",
        value=f"{len({record.group for record in records})} groups",
        allowed=f"records of the {groups} groups of its recipe's test part",
        cure="Evaluate on the file that the recipe splits, or leave --held-out out.",
    )


def group_mark(group: str) -> str:
    """A group's name as it is kept.

    Example:
        >>> group_mark("서울")
        'ca6c419327ce5a9d'
    """
    return short(bytes_hash(group_name(group).encode("utf-8")), _LENGTH)


@dataclass(frozen=True, slots=True)
class _HeldOut:
    """The marks of the groups, and the text that makes a record's group; its own where that is empty."""

    marks: frozenset[str]
    group_by: str = ""

    def mark(self, record: Record) -> str:
        return group_mark(grouped_by(record, self.group_by).group)

    def file(self) -> bytes:
        told = {"group_by": self.group_by} if self.group_by else {}
        return (json.dumps({**told, "test": sorted(self.marks)}, indent=1) + "\n").encode("utf-8")


def _held_out(artifact: Artifact) -> _HeldOut:
    if HELD_OUT not in artifact.manifest.files:
        raise ArtifactError(
            f"the artifact '{artifact.manifest.name}' does not say which questions it was never shown.",
            value=f"no {HELD_OUT}",
            allowed="an artifact whose recipe holds out a test part, exported by this release",
            cure="Evaluate on a file that it was not trained on, without --held-out.",
        )
    told = read_json(artifact.file(HELD_OUT), "the list of held-out groups")
    return _HeldOut(frozenset(told["test"]), told.get("group_by", ""))


def _passage_only(record: Record) -> Record:
    return replace(record, fields={name: text for name, text in record.fields.items() if name != "question"})
