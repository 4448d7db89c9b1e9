"""Marks round two entities of a sentence, put in as an edit that can be taken back.

The marks are places, not characters: a sentence that holds ``@`` or ``#`` itself, and entities that touch,
nest, cross or coincide, all come back unchanged when the marks are stripped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from gongbang.errors import OptionError, SpanError
from gongbang.text.edits import Edited

MarkerStyle = Literal["typed_punct", "punct", "typed", "plain"]
"""How entities are marked (Zhou & Chen 2021, section 3.1), here round a subject of the type PER:

``typed_punct``: ``@ * PER * 이순신 @``, ``punct``: ``@ 이순신 @``, ``typed``: ``<S:PER> 이순신 </S:PER>``,
``plain``: ``[E1] 이순신 [/E1]``. The last two are read in pieces where a vocabulary has no such tokens; the
first two are made of pieces that pretrained vocabularies know.
"""

TypeNames = Literal["code", "korean"]
"""How a type is shown: by its code, or by a Korean word where :data:`KOREAN_TYPES` has one."""

KOREAN_TYPES = {
    "PER": "인물",
    "ORG": "단체",
    "LOC": "장소",
    "DAT": "날짜",
    "DATE": "날짜",
    "POH": "이름",
    "NOH": "수량",
    "EVE": "사건",
    "EVENT": "사건",
    "LAW": "법",
    "THEORY": "이론",
}
"""Korean words for the types of KLUE-RE (Park et al. 2021, section 3.5) and of law and war corpora."""

Place = tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Marked:
    """A sentence with marks round its subject and its object.

    Attributes:
        edited: the edit, whose ``original`` is the sentence.
        subject: character of ``text`` at which the subject's opening mark starts.
        object: the same of the object's.
        marks: ``[start, end)`` in ``text`` of the four marks with the blanks that were put in beside them,
            rising.
    """

    edited: Edited
    subject: int
    object: int
    marks: tuple[Place, ...]

    @property
    def text(self) -> str:
        """The sentence with its marks."""
        return self.edited.text

    def strip(self) -> str:
        """The sentence without its marks, as it was."""
        return strip_marks(self.text, self.marks)


@dataclass(frozen=True, slots=True)
class _Mark:
    place: int  # in the sentence
    opens: bool
    is_object: bool
    other_end: int  # the entity's end for an opening mark, its start for a closing one
    text: str

    @property
    def order(self) -> tuple[int, bool, int, bool]:
        """What ends stands before what starts; the longer entity is outside, the subject round its equal."""
        return self.place, self.opens, -self.other_end, self.is_object is self.opens


def mark_entities(
    text: str,
    subject: Place,
    object: Place,
    *,
    style: MarkerStyle = "typed_punct",
    subject_type: str = "",
    object_type: str = "",
    names: TypeNames = "code",
) -> Marked:
    """Put marks round two entities.

    An opening mark stands free of what is round it, a closing one free of its entity only, so that a Korean
    particle stays an ending and does not become a word.

    Args:
        text: the sentence.
        subject, object: ``[start, end)`` characters; the two may touch, nest, cross or be the same.
        style: see :data:`MarkerStyle`.
        subject_type, object_type: shown by the typed styles; an entity whose type is "" gets the untyped
            mark of the same kind.
        names: see :data:`TypeNames`.

    Raises:
        SpanError: an entity is empty or leaves the text.
        OptionError: unknown ``style`` or ``names``.

    Example:
        >>> types = {"subject_type": "PER", "object_type": "LOC"}
        >>> marked = mark_entities("이순신은 통영에 있었다.", (0, 3), (5, 7), **types)
        >>> marked.text
        '@ * PER * 이순신 @은 # ^ LOC ^ 통영 #에 있었다.'
        >>> marked.text[marked.object], marked.strip()
        ('#', '이순신은 통영에 있었다.')
    """
    marks: list[_Mark] = []
    for is_object, (start, end), kind in ((False, subject, subject_type), (True, object, object_type)):
        _check_entity(text, start, end, "object" if is_object else "subject")
        opening, closing = marks_of(is_object, style=style, kind=kind, names=names)
        marks.append(_Mark(start, True, is_object, end, opening))
        marks.append(_Mark(end, False, is_object, start, closing))
    return _insert(text, sorted(marks, key=lambda mark: mark.order))


def _insert(text: str, marks: Sequence[_Mark]) -> Marked:
    replacements: list[tuple[int, int, str]] = []
    places: list[Place] = []
    openings = {True: 0, False: 0}  # by is_object
    grown = 0
    for mark in marks:
        follows = bool(replacements) and replacements[-1][0] == mark.place
        before = replacements[-1][2] if follows else text[: mark.place][-1:]
        lead = " " if before and not before[-1].isspace() else ""
        trail = " " if mark.opens and not text[mark.place].isspace() else ""
        new = f"{lead}{mark.text}{trail}"
        start = mark.place + grown
        if mark.opens:
            openings[mark.is_object] = start + len(lead)
        replacements.append((mark.place, mark.place, new))
        places.append((start, start + len(new)))
        grown += len(new)
    return Marked(Edited.replace(text, replacements), openings[False], openings[True], tuple(places))


def strip_marks(text: str, marks: Sequence[Place]) -> str:
    """A marked text without its marks.

    Args:
        text: with marks. marks: ``[start, end)`` of each, rising.

    Raises:
        SpanError: the marks overlap, do not rise, or leave the text.

    Example:
        >>> strip_marks("@ 서울 @은", [(0, 2), (4, 6)])
        '서울은'
    """
    return Edited.replace(text, [(start, end, "") for start, end in marks]).text


def marks_of(
    is_object: bool, *, style: MarkerStyle = "typed_punct", kind: str = "", names: TypeNames = "code"
) -> tuple[str, str]:
    """The opening and the closing mark of an entity, without blanks round them.

    Example:
        >>> marks_of(True, kind="LOC", names="korean"), marks_of(False, style="typed", kind="PER")
        (('# ^ 장소 ^', '#'), ('<S:PER>', '</S:PER>'))
    """
    _check_choice("marker style", style, get_args(MarkerStyle))
    _check_choice("way to show a type", names, get_args(TypeNames))
    shown = KOREAN_TYPES.get(kind, kind) if names == "korean" else kind
    if style in ("typed_punct", "punct"):
        mark, inner = ("#", "^") if is_object else ("@", "*")
        typed = style == "typed_punct" and shown
        return (f"{mark} {inner} {shown} {inner}" if typed else mark), mark
    if style == "typed":
        name = ("O" if is_object else "S") + (f":{shown}" if shown else "")
        return f"<{name}>", f"</{name}>"
    name = "E2" if is_object else "E1"
    return f"[{name}]", f"[/{name}]"


def _check_choice(what: str, value: str, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise OptionError(
            f"unknown {what}.", value=value, allowed=", ".join(allowed), cure="Name one of these."
        )


def _check_entity(text: str, start: int, end: int, role: str) -> None:
    if not 0 <= start < end <= len(text):
        raise SpanError(
            "an entity is empty or leaves its sentence.",
            value=f"[{start}:{end}]",
            allowed=f"0 <= start < end <= {len(text)}",
            cure="Count offsets in characters of this very sentence (not bytes).",
            field=role,
        )
