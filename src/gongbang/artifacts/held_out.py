"""Which questions an artifact was neither trained nor chosen on, so that its score can be measured again.

The groups of the recipe's test part are kept in the artifact as hashes: a group may be a person or an
unpublished document, whose name is nobody's business.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace

from gongbang.artifacts.files import read_json
from gongbang.artifacts.format import Artifact
from gongbang.artifacts.hashing import bytes_hash, short
from gongbang.data.records import Record
from gongbang.data.splits import group_name
from gongbang.errors import ArtifactError, DataError

HELD_OUT = "held-out.json"
_LENGTH = 16  # hexadecimal digits of a hash: two of a million groups meet by chance once in 37 million files


def held_out_file(groups: Iterable[str]) -> bytes:
    """The content of the artifact's part, from the names of the groups."""
    return _file({group_mark(group) for group in groups})


def without_groups(artifact: Artifact, groups: Iterable[str]) -> bytes:
    """The part's content once these groups have been looked at as well."""
    return _file(_marks(artifact) - {group_mark(group) for group in groups})


def only_held_out(artifact: Artifact, records: Sequence[Record]) -> list[Record]:
    """The records, of which only those of the artifact's held-out groups still ask something.

    The others keep their passages: what is searched stays as large as it is.

    Raises:
        ArtifactError: the artifact does not say what was held out.
        DataError: no record belongs to a held-out group.
    """
    marks = _marks(artifact)
    kept = [record if group_mark(record.group) in marks else _passage_only(record) for record in records]
    if not any("question" in record.fields for record in kept):
        raise _nothing_held_out(artifact, records, len(marks))
    return kept


def held_out_records(artifact: Artifact, records: Sequence[Record]) -> list[Record]:
    """The records of the artifact's held-out groups, for tasks that judge each record by itself.

    Raises:
        ArtifactError: the artifact does not say what was held out.
        DataError: no record belongs to a held-out group.
    """
    marks = _marks(artifact)
    kept = [record for record in records if group_mark(record.group) in marks]
    if not kept:
        raise _nothing_held_out(artifact, records, len(marks))
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


def _file(marks: Iterable[str]) -> bytes:
    return (json.dumps({"test": sorted(marks)}, indent=1) + "\n").encode("utf-8")


def _marks(artifact: Artifact) -> set[str]:
    if HELD_OUT not in artifact.manifest.files:
        raise ArtifactError(
            f"the artifact '{artifact.manifest.name}' does not say which questions it was never shown.",
            value=f"no {HELD_OUT}",
            allowed="an artifact whose recipe holds out a test part, exported by this release",
            cure="Evaluate on a file that it was not trained on, without --held-out.",
        )
    return set(read_json(artifact.file(HELD_OUT), "the list of held-out groups")["test"])


def _passage_only(record: Record) -> Record:
    return replace(record, fields={name: text for name, text in record.fields.items() if name != "question"})
