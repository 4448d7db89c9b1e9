"""What of a suite must never be trained on: its groups, its texts, and what was made of its records."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gongbang.data.near_duplicates import near_duplicates_across
from gongbang.data.records import Record
from gongbang.data.splits import group_name, normalise_for_comparison, text_of
from gongbang.errors import SplitError

_NEARLY = 0.9  # similarity from which a text counts as one of the suite, as where a recipe's data is split
_SHOWN = 3


class SuiteTies:
    """Finds records that are tied to those of a suite.

    Equal ids are no tie: two files may number their rows alike. A lineage that names an id is one.

    Args:
        records: of the suite.

    Example:
        >>> ties = SuiteTies([Record("1", {"text": "가나"}, group="village")])
        >>> ties.find([Record("1", {"text": "다라"}), Record("7", {"text": "마바"}, group="village")])
        {'7': "the group of the suite's record '1'"}
    """

    def __init__(self, records: Sequence[Record]) -> None:
        self.records = records
        self._groups = {group_name(r.group): r.id for r in records if r.group != r.id}
        self._origins = {origin: r.id for r in records for origin in (r.id, *r.lineage)}
        self._texts = {text: r.id for r in records if (text := normalise_for_comparison(text_of(r)))}

    def find(self, records: Sequence[Record], *, nearly: bool = True) -> dict[str, str]:
        """Id to the reason, of the records that must stay out of training.

        Args:
            nearly: look for nearly equal texts too.
        """
        found = {record.id: why for record in records if (why := self._tie(record))}
        if nearly:
            texts = {record.id: normalise_for_comparison(text_of(record)) for record in records}
            near = {
                texts[other]: own for own, other, _ in near_duplicates_across(self.records, records, _NEARLY)
            }
            for id, text in texts.items():
                if text in near:
                    found.setdefault(id, f"nearly the text of the suite's record '{near[text]}'")
        return found

    def refuse(self, records: Iterable[Record], what: str) -> None:
        """Stop where a record is tied to the suite; ``what`` names the records ("the training part").

        Raises:
            SplitError: names the first of them.
        """
        found = self.find(list(records))
        if found:
            shown = "; ".join(f"'{id}' has {why}" for id, why in list(found.items())[:_SHOWN])
            raise SplitError(
                f"{what} holds what the suite holds out: {len(found)} records.",
                value=shown,
                allowed="records of other groups and texts than the suite's",
                cure="Take them out of the data, or split so that the suite's groups are test data.",
            )

    def _tie(self, record: Record) -> str:
        if record.group != record.id and (own := self._groups.get(group_name(record.group))):
            return f"the group of the suite's record '{own}'"
        for origin in record.lineage:
            if own := self._origins.get(origin):
                return f"the origin '{origin}' of the suite's record '{own}'"
        own = self._texts.get(normalise_for_comparison(text_of(record)))
        return f"the text of the suite's record '{own}'" if own else ""
