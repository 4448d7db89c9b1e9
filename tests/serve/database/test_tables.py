"""What the columns make of values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import select

from gongbang.errors import StoreError
from gongbang.serve.database.tables import ConversationRow

SEOUL = timezone(timedelta(hours=9))


def test_a_moment_of_another_time_zone_is_the_same_moment(store):
    moment = datetime(2026, 1, 1, 3, 4, 5, 678901, tzinfo=SEOUL)
    store.write(lambda session: session.add(ConversationRow(id="a", created=moment)))
    (read,) = store.read(lambda session: session.scalars(select(ConversationRow.created)).all())
    assert read == moment and read.tzinfo == UTC and read.day == 31
    found = select(ConversationRow.id).where(ConversationRow.created == moment.astimezone(UTC))
    assert store.read(lambda session: session.scalars(found).all()) == ["a"]


def test_a_time_without_a_time_zone_is_refused(store):
    with pytest.raises(StoreError):
        store.write(lambda session: session.add(ConversationRow(id="a", created=datetime(2026, 1, 1))))


@pytest.mark.parametrize("wait", ["0.000001", "0"])
def test_moments_are_ordered_to_the_microsecond(store, wait):
    first = datetime(2026, 1, 1, tzinfo=UTC)
    rows = [("b", first), ("a", first + timedelta(seconds=float(wait)))]
    store.write(lambda session: session.add_all(ConversationRow(id=i, created=at) for i, at in rows))
    ordered = select(ConversationRow.id).order_by(ConversationRow.created, ConversationRow.id)
    expected = ["b", "a"] if float(wait) else ["a", "b"]
    assert store.read(lambda session: list(session.scalars(ordered))) == expected
