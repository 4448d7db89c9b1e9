"""Questions out of plain passages: what a sentence leaves blank is named elsewhere in the document.

A name that stands twice in a document links two of its sentences. One of them becomes the question, with an
interrogative in the name's place. The passage of the other is the context (without the asking sentence where
it is the same passage), and the name's place there is the answer: recurring span selection (Ram et al. 2021,
"Few-Shot Question Answering by Pretraining Span Selection", section 3.1) in the form of cloze questions
(Dhingra et al. 2018, "Simple and Effective Semi-Supervised Question Answering"). A name is only taken with
one place in that context, in a sentence that shares another word with the question, so that each question
has one answer and a way to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from gongbang.data.records import Record, Span
from gongbang.errors import OptionError
from gongbang.text.edits import Edited
from gongbang.text.josa import attach_josa, josa_pair
from gongbang.text.morphemes import CONTENT_TAGS, Analyser, Morpheme, shared_analyser
from gongbang.text.sentences import Sentence, split_sentences

_NOUNS = frozenset({"NNP", "NNG", "NNB", "NR", "SN", "SL", "SH", "XR", "XPN", "XSN"})
_NAMES = frozenset({"NNP", "SL", "SH", "SN", "NR"})
_LONGEST_NAME = 30
_QUESTION = (20, 160)  # characters of a sentence that is worth asking, and still one thought
_MOST_MORPHEMES = 8
_TIMES = re.compile(r"\d+\s?(?:년|월|일|세기|시|분)")
_FINAL_MARK = re.compile(r"[.!?…。]+(?:\[\d+\])*$")
_HANGUL = re.compile("[가-힣]")


@dataclass(frozen=True, slots=True)
class _Text:
    """A passage, read."""

    record: Record
    text: str
    sentences: Sequence[Sentence]
    morphemes: Sequence[Morpheme]

    def home(self, start: int, end: int) -> Sentence | None:
        """The sentence that holds characters ``[start, end)``."""
        return next((s for s in self.sentences if s.start <= start and end <= s.end), None)

    def words(self, sentence: Sentence, without: tuple[int, int]) -> set[str]:
        """Words of meaning of a sentence, of two syllables or more, but for those that begin in a stretch."""
        return {
            morpheme.form
            for morpheme in self.morphemes
            if sentence.start <= morpheme.start < sentence.end
            and not without[0] <= morpheme.start < without[1]
            and morpheme.tag in CONTENT_TAGS
            and len(morpheme.form) > 1
        }

    def noun_at(self, start: int, end: int) -> bool:
        """Whether nouns begin and end at the borders of ``[start, end)``, and none goes on beyond them."""
        nouns = [morpheme for morpheme in self.morphemes if morpheme.tag in _NOUNS]
        inside = any(m.start == start for m in nouns) and any(m.end == end for m in nouns)
        beyond = any(m.end == start or m.start == end for m in nouns)
        return inside and not beyond and not self.text[max(0, start - 1) : start].isalnum()


def cloze_questions(
    records: Sequence[Record],
    *,
    per_passage: int = 3,
    limit: int | None = None,
    seed: int = 17,
    analyser: Analyser | None = None,
) -> list[Record]:
    """Make questions of the records' passages; their own questions and answers are not looked at.

    Args:
        records: with the field ``context``; those of one ``group`` are taken for one document.
        per_passage: questions made of one passage at most, none of them about the same name.
        limit: questions in all, drawn evenly from what can be made; None takes everything.
        seed: of the draws.
        analyser: finds nouns; the shared one by default.

    Returns:
        Records with ``question``, ``context`` and one answer; the other fields, group, source and licence are
        those of the record the context came from, which stands in their lineage. The same records and
        options give the same questions.

    Raises:
        OptionError: a count is too small.

    Example:
        >>> text = "봄이면 마을 사람들이 나물을 캐러 박달재를 넘는다. 마을의 북쪽 고개가 박달재다."
        >>> [made] = cloze_questions([Record("1", {"context": text})])
        >>> made.fields["question"], made.fields["context"], made.answers[0].text
        ('봄이면 마을 사람들이 나물을 캐러 무엇을 넘는다?', '마을의 북쪽 고개가 박달재다.', '박달재')
    """
    for name, value, least in (("per_passage", per_passage, 1), ("limit", limit, 0)):
        if value is not None and value < least:
            raise OptionError(
                f"{name} is too small.", value=value, allowed=f"{least} or more", cure=f"Raise {name}."
            )
    analyser = analyser or shared_analyser()
    passages: dict[str, Record] = {}
    for record in records:
        if record.fields.get("context", "").strip():
            passages.setdefault(record.fields["context"], record)
    documents: dict[str, list[_Text]] = {}
    analyses = analyser.analyse_many(list(passages))
    for (text, record), morphemes in zip(passages.items(), analyses, strict=True):
        read = _Text(record, text, split_sentences(text), morphemes)
        documents.setdefault(record.group, []).append(read)
    rng = np.random.default_rng(seed)
    made: list[Record] = []
    for texts in documents.values():
        for asking in texts:
            found = list(_questions(asking, [text for text in texts if text is not asking]))
            order = rng.permutation(len(found))
            made += _of_different_names([found[place] for place in order], per_passage)
    if limit is not None and limit < len(made):
        kept = np.sort(rng.choice(len(made), limit, replace=False))
        made = [made[place] for place in kept]
    return made


def ask_cloze(record: Record, rng: np.random.Generator, *, analyser: Analyser | None = None) -> Record | None:
    """Make one question of a record's own context, as :func:`cloze_questions` does of a whole document.

    Args:
        record: with ``context``; its own question, spans and labels are not looked at.
        rng: of the draw among the questions that can be asked.
        analyser: finds nouns; the shared one by default.

    Returns:
        A record of the reader: the context without the asking sentence, a new ``question``, and one answer.
        Other spans and the labels are left out, since they speak of another question. None where no name
        links two sentences.

    Example:
        >>> text = "봄이면 마을 사람들이 나물을 캐러 박달재를 넘는다. 마을의 북쪽 고개가 박달재다."
        >>> made = ask_cloze(Record("1", {"context": text}), np.random.default_rng(0))
        >>> made.fields["question"], made.answers[0].text
        ('봄이면 마을 사람들이 나물을 캐러 무엇을 넘는다?', '박달재')
    """
    text = record.fields.get("context", "")
    if not text.strip():
        return None
    morphemes = (analyser or shared_analyser()).analyse(text)
    found = list(_questions(_Text(record, text, split_sentences(text), morphemes), []))
    if not found:
        return None
    made = found[int(rng.integers(len(found)))]
    return replace(record, fields=made.fields, spans=made.spans, labels={})


def _of_different_names(made: Iterable[Record], count: int) -> list[Record]:
    by_answer: dict[str, Record] = {}
    for record in made:
        by_answer.setdefault(record.answers[0].text, record)
    return list(by_answer.values())[:count]


def _questions(asking: _Text, others: Sequence[_Text]) -> Iterator[Record]:
    least, most = _QUESTION
    title = asking.record.fields.get("title", "")
    for number, sentence in enumerate(asking.sentences):
        if not least <= len(sentence.text) <= most or not _HANGUL.search(sentence.text):
            continue
        done = sentence.start
        for start, end, after in _names(asking, sentence):
            name = asking.text[start:end]
            told = name == title or sentence.text.count(name) > 1  # the title stands beside the question
            if start < done or told:
                continue
            place = _answer(asking, sentence, (start, end), others)
            if place is not None:
                done = end
                yield _question(asking, number, (start, end, after), *place)


def _names(asking: _Text, sentence: Sentence) -> Iterator[tuple[int, int, int]]:
    """Names in a sentence, long ones first: their start and end, and where the particle behind them ends."""
    for run in _runs(asking.text, sentence, asking.morphemes):
        for first, last in _parts(run):
            start, end = run[first].start, run[last].end
            if not _names_something(run[first : last + 1], asking.text[start:end]):
                continue
            after = _particle(end, asking.morphemes)
            if after > end and asking.noun_at(start, end):
                yield start, end, after


def _answer(
    asking: _Text, sentence: Sentence, name: tuple[int, int], others: Sequence[_Text]
) -> tuple[_Text, int] | None:
    """The passage that names what is asked, once, and where: the asking one or another of its document.

    The sentence there shares a word of meaning with the question, in another passage at least two; one that
    shares half of them or more may be a copy of it and is passed over.
    """
    asked = asking.words(sentence, name)
    text = asking.text[slice(*name)]
    best: tuple[int, _Text, int] | None = None
    for passage in (asking, *others):
        places = [match.start() for match in re.finditer(re.escape(text), passage.text)]
        if passage is asking:
            places.remove(name[0])
        if len(places) != 1:
            continue
        start, end = places[0], places[0] + len(text)
        home = passage.home(start, end)
        if home is None or (passage is asking and home is sentence) or not passage.noun_at(start, end):
            continue
        shared = len(asked & passage.words(home, (start, end))) - (passage is not asking)
        if 0 < shared < len(asked) / 2 and (best is None or shared > best[0]):
            best = shared, passage, start
    return None if best is None else best[1:]


def _runs(text: str, sentence: Sentence, morphemes: Sequence[Morpheme]) -> Iterator[list[Morpheme]]:
    """Nouns of a sentence that follow each other with at most a blank between them."""
    run: list[Morpheme] = []
    for morpheme in morphemes:
        if not sentence.start <= morpheme.start < sentence.end:
            continue
        joined = run and text[run[-1].end : morpheme.start] in ("", " ")
        if morpheme.tag in _NOUNS and (joined or not run):
            run.append(morpheme)
            continue
        if run:
            yield run
        run = [morpheme] if morpheme.tag in _NOUNS else []
    if run:
        yield run


def _parts(run: Sequence[Morpheme]) -> Iterator[tuple[int, int]]:
    """Stretches of a run, long ones first, those further left first among equals."""
    for length in range(min(len(run), _MOST_MORPHEMES), 0, -1):
        for first in range(len(run) - length + 1):
            yield first, first + length - 1


def _names_something(morphemes: Sequence[Morpheme], name: str) -> bool:
    """A proper noun, a number with its unit, a foreign word, or a compound; not a lone common noun."""
    if not 2 <= len(name) <= _LONGEST_NAME or morphemes[0].tag in {"NNB", "XSN"}:
        return False
    if any(morpheme.start == morpheme.end for morpheme in morphemes) or morphemes[-1].tag == "XPN":
        return False
    if len(morphemes) == 1:
        return morphemes[0].tag in {"NNP", "SL"}
    return any(morpheme.tag in _NAMES for morpheme in morphemes) or " " not in name


def _question(asking: _Text, number: int, name: tuple[int, int, int], passage: _Text, place: int) -> Record:
    """The sentence as a question of a passage; if it is the sentence's own, without the sentence."""
    start, end, after = name
    sentence, text, record = asking.sentences[number], asking.text, passage.record
    answer = text[start:end]
    asked = attach_josa(_interrogative(answer), josa_pair(text[end:after]))
    question = text[sentence.start : start] + asked + text[after : sentence.end]
    own = [(sentence.start, _next_word(text, sentence.end), "")] if passage is asking else []
    cut = Edited.replace(passage.text, own)
    left, right = cut.to_edited(place, place + len(answer))
    return Record(
        id=f"{asking.record.id}-cloze-{number}-{start - sentence.start}",
        fields={**record.fields, "question": _FINAL_MARK.sub("", question) + "?", "context": cut.text},
        spans={"answers": (Span(left, right, answer),)},
        labels={"augmented": True},
        group=record.group,
        lineage=tuple(dict.fromkeys((*record.lineage, record.id, asking.record.id))),
        source=record.source,
        licence=record.licence,
    )


def _interrogative(answer: str) -> str:
    if _TIMES.search(answer):
        return "언제"
    return "얼마" if answer[0].isdecimal() else "무엇"


def _particle(end: int, morphemes: Sequence[Morpheme]) -> int:
    """Where the particles end that follow the noun that ends at ``end``."""
    for morpheme in morphemes:
        if morpheme.start == end and morpheme.tag.startswith("J"):
            end = morpheme.end
    return end


def _next_word(text: str, end: int) -> int:
    while end < len(text) and text[end].isspace():
        end += 1
    return end
