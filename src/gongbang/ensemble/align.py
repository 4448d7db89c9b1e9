"""Members put beside each other: one data version, one order of records, one order of labels.

Nothing is matched by position. A run whose classes were numbered otherwise is put right by name; one that
was made on other data, or lacks a label or a record, is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import numpy as np

from gongbang.ensemble.members import Gold, Member, log_odds
from gongbang.errors import EnsembleError
from gongbang.tasks.labels import softmax


def align(members: Sequence[Member]) -> list[Member]:
    """The members, rows and columns in the order of the first.

    Raises:
        EnsembleError: no members, two of one name, or members of different data, labels, records, truths or
            origins.

    Example:
        >>> a = Member("a", ("1", "2"), ("n", "y"), np.array([[0.0, 1.0], [2.0, 0.0]]), np.array([1, 0]),
        ...            "held-out", "hash", ("1", "2"))
        >>> b = Member("b", ("2", "1"), ("y", "n"), np.array([[0.0, 2.0], [1.0, 0.0]]), np.array([1, 0]),
        ...            "held-out", "hash", ("2", "1"))
        >>> align([a, b])[1].logits.tolist()
        [[0.0, 1.0], [2.0, 0.0]]
    """
    if not members:
        raise _differ("there is nothing to put together", "no members", "one member or more")
    names = [member.name for member in members]
    if len(set(names)) < len(names):
        raise _differ("two members have one name", ", ".join(names), "names that are unique")
    return [_like(members[0], member) for member in members]


def with_labels(member: Member, labels: Sequence[str]) -> Member:
    """The member with its columns in another order of the same labels.

    Example:
        >>> logits = np.array([[0.0, 1.0]])
        >>> a = Member("a", ("1",), ("n", "y"), logits, np.array([1]), "held-out", "hash", ("1",))
        >>> with_labels(a, ("y", "n")).logits.tolist(), with_labels(a, ("y", "n")).gold.tolist()
        ([[1.0, 0.0]], [0])
    """
    if member.labels == tuple(labels):
        return member
    place = {label: column for column, label in enumerate(member.labels)}
    columns = np.array([place[label] for label in labels])
    gold = member.gold[:, columns] if member.multi_label else np.argsort(columns)[member.gold]
    return replace(
        member,
        labels=tuple(labels),
        logits=member.logits[:, columns],
        gold=gold,
        possible=None if member.possible is None else member.possible[:, columns],
    )


def require_out_of_fold(members: Sequence[Member], purpose: str) -> None:
    """Refuse to fit anything on predictions that were not made out of fold.

    Raises:
        EnsembleError: a member's predictions are held-out ones, which a choice would use up, or were made on
            training data, which say nothing.
    """
    wrong = [f"{member.name}: {member.origin}" for member in members if member.origin != "out-of-fold"]
    if wrong:
        raise EnsembleError(
            f"{purpose} would be fitted on predictions that are not out of fold.",
            value="; ".join(wrong),
            allowed="members whose origin is out-of-fold",
            cure="Train the members on folds and pass their out-of-fold predictions; the held-out set only "
            "judges what was fitted there.",
        )


def join_folds(name: str, parts: Sequence[Member]) -> Member:
    """One member out of the predictions that each fold's model made of the records it held out.

    Args:
        name: of the member.
        parts: one a fold, made with the table of folds, so that their data are those of the table; labels may
            be in another order in each.

    Raises:
        EnsembleError: a record is held out twice, or labels or data differ.
    """
    if not parts:
        raise _differ("there is nothing to join", "no folds", "one part a fold")
    require_out_of_fold(parts, "an out-of-fold member")
    first = parts[0]
    ids = [id for part in parts for id in part.ids]
    if len(set(ids)) < len(ids):
        twice = next(id for id in ids if ids.count(id) > 1)
        raise _differ("a record is held out by two folds", twice, "folds that share no record")
    for part in parts:
        _check_same(first, part)
    named = [with_labels(part, first.labels) for part in parts]
    folds = [part.folds for part in parts]
    known = [each for each in folds if each is not None]
    ruled = None
    if any(part.possible is not None for part in named):
        ruled = np.concatenate(
            [
                np.ones(part.logits.shape, np.bool_) if part.possible is None else part.possible
                for part in named
            ]
        )
    return replace(
        first,
        name=name,
        ids=tuple(ids),
        logits=np.concatenate([part.logits for part in named]),
        gold=cast(Gold, np.concatenate([part.gold for part in named])),
        groups=tuple(group for part in parts for group in part.groups),
        folds=np.concatenate(known) if len(known) == len(parts) else None,
        possible=ruled,
    )


def average_folds(name: str, parts: Sequence[Member]) -> Member:
    """One held-out member out of the models of its folds, which all predicted the same records.

    Its logits are the logarithm (or the log-odds) of the mean of their probabilities. The cost is the sum of
    theirs: all of them are served.

    Raises:
        EnsembleError: as in :func:`align`.
    """
    aligned = align(parts)
    first = aligned[0]
    if first.multi_label:
        shares = np.mean([0.5 * (1 + np.tanh(0.5 * part.logits)) for part in aligned], axis=0)
        logits = log_odds(shares)
    else:
        shares = np.mean([softmax(part.logits) for part in aligned], axis=0)
        logits = np.log(np.maximum(shares, np.finfo(np.float64).tiny))
    times = [part.ms_per_example for part in aligned]
    sizes = [part.megabytes for part in aligned]
    return replace(first, name=name, logits=logits, ms_per_example=_total(times), megabytes=_total(sizes))


def _like(first: Member, member: Member) -> Member:
    _check_same(first, member)
    if member.origin != first.origin:
        raise _differ(
            "predictions of different origin cannot be put together",
            f"{first.name}: {first.origin}; {member.name}: {member.origin}",
            "one origin",
        )
    missing = sorted(set(first.ids) - set(member.ids))
    extra = sorted(set(member.ids) - set(first.ids))
    if missing or extra:
        raise _differ(
            f"'{member.name}' did not predict the records of '{first.name}'",
            f"{len(missing)} missing {missing[:3]}, {len(extra)} more {extra[:3]}",
            f"the same {len(first.ids)} records in every member",
        )
    row_of = {id: row for row, id in enumerate(member.ids)}
    rows = np.array([row_of[id] for id in first.ids])
    named = with_labels(member, first.labels)
    gold = named.gold[rows]
    if not np.array_equal(gold, first.gold):
        wrong = np.flatnonzero((gold != first.gold).reshape(len(first), -1).any(axis=1))
        raise _differ(
            f"'{member.name}' and '{first.name}' were judged by different labels",
            f"{len(wrong)} records, e.g. {first.ids[wrong[0]]}",
            "one truth a record",
        )
    return replace(
        named,
        ids=first.ids,
        logits=named.logits[rows],
        gold=gold,
        groups=first.groups,
        folds=None if member.folds is None else member.folds[rows],
        possible=None if named.possible is None else named.possible[rows],
    )


def _check_same(first: Member, member: Member) -> None:
    if member.data != first.data:
        raise _differ(
            f"'{member.name}' was made on another version of the data than '{first.name}'",
            f"{member.data[:12]} and {first.data[:12]}",
            "members whose data have one hash",
        )
    if set(member.labels) != set(first.labels) or member.multi_label != first.multi_label:
        raise _differ(
            f"'{member.name}' has other labels than '{first.name}'",
            ", ".join(sorted(set(member.labels) ^ set(first.labels))[:8]) or "one label against several",
            "the same labels, in any order",
        )


def _total(costs: Sequence[float | None]) -> float | None:
    known = [cost for cost in costs if cost is not None]
    return sum(known) if len(known) == len(costs) else None


def _differ(why: str, value: str, allowed: str) -> EnsembleError:
    return EnsembleError(
        f"these members do not belong together: {why}.",
        value=value,
        allowed=allowed,
        cure="Evaluate all members on one version of the data, with one table of folds.",
    )
