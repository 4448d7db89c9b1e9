"""What changed between two error notebooks: fixed, broken, still wrong, and moves between kinds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gongbang.artifacts.notebooks import Notebook
from gongbang.artifacts.stages import RIGHT


@dataclass(frozen=True, slots=True)
class NotebookDiff:
    """Records by what became of them from notebook a to notebook b.

    Attributes:
        fixed: ids wrong in a and right in b.
        broken: ids right in a and wrong in b.
        still_wrong: ids wrong in both.
        moves: how many records went from one stage (kind of error) to another, by (stage in a, stage in b);
            "right" is among the stages, records that stayed are not counted.
        only_a, only_b: ids that the other notebook does not hold; they are in none of the above.
    """

    fixed: tuple[str, ...]
    broken: tuple[str, ...]
    still_wrong: tuple[str, ...]
    moves: Mapping[tuple[str, str], int]
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON: the ids, and the moves as a list of from, to and count."""
        return {
            "fixed": list(self.fixed),
            "broken": list(self.broken),
            "still_wrong": list(self.still_wrong),
            "moves": [{"from": a, "to": b, "n": n} for (a, b), n in self.moves.items()],
            "only_a": list(self.only_a),
            "only_b": list(self.only_b),
        }

    def to_text(self) -> str:
        """A short summary for a terminal."""
        lines = [f"fixed {len(self.fixed)}, broken {len(self.broken)}, still wrong {len(self.still_wrong)}"]
        lines += [f"  {n:>5}  {a} -> {b}" for (a, b), n in self.moves.items()]
        if self.only_a or self.only_b:
            lines.append(f"  not in both: {len(self.only_a)} only in a, {len(self.only_b)} only in b")
        return "\n".join(lines)


def diff_notebooks(a: Notebook, b: Notebook) -> NotebookDiff:
    """Compare two notebooks over the records that both hold, in the order of a.

    Example:
        >>> from gongbang.artifacts.notebook import ErrorNotebook
        >>> from gongbang.artifacts.slices import Outcome
        >>> a = ErrorNotebook("a", (), {"1": Outcome("span_border", 0.5)}, ())
        >>> b = ErrorNotebook("b", (), {"1": Outcome("right", 1.0)}, ())
        >>> diff_notebooks(a, b).fixed
        ('1',)
    """
    common = [id_ for id_ in a.outcomes if id_ in b.outcomes]
    pairs = {id_: (a.outcomes[id_].stage, b.outcomes[id_].stage) for id_ in common}
    moves = Counter(pair for pair in pairs.values() if pair[0] != pair[1])
    return NotebookDiff(
        fixed=tuple(i for i, (x, y) in pairs.items() if x != RIGHT and y == RIGHT),
        broken=tuple(i for i, (x, y) in pairs.items() if x == RIGHT and y != RIGHT),
        still_wrong=tuple(i for i, (x, y) in pairs.items() if RIGHT not in (x, y)),
        moves=dict(sorted(moves.items(), key=lambda item: (-item[1], item[0]))),
        only_a=tuple(i for i in a.outcomes if i not in b.outcomes),
        only_b=tuple(i for i in b.outcomes if i not in a.outcomes),
    )
