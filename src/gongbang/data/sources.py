"""Public data sets by their marks: the name and the licence that go into every record."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Source:
    """A data set's public name and its licence."""

    name: str
    licence: str = "unknown"


KORQUAD_1 = Source("KorQuAD 1.0", "CC BY-ND 2.0 KR")
KORQUAD_2 = Source("KorQuAD 2.0", "CC BY-ND 2.0 KR")
TYDI = Source("TyDi QA GoldP", "Apache-2.0")
XQUAD = Source("XQuAD", "CC BY-SA 4.0")
KLUE_MRC = Source("KLUE-MRC", "CC BY-SA 4.0")
KLUE_NLI = Source("KLUE-NLI", "CC BY-SA 4.0")
KLUE_RE = Source("KLUE-RE", "CC BY-SA 4.0")
KORNLI = Source("KorNLI", "CC BY-SA 4.0")
KOBEST_BOOLQ = Source("KoBEST BoolQ", "CC BY-SA 4.0")
KOBEST_SENTINEG = Source("KoBEST SentiNeg", "CC BY-SA 4.0")
KOBEST_COPA = Source("KoBEST COPA", "CC BY-SA 4.0")
NSMC = Source("NSMC", "CC0-1.0")
KOTE = Source("KOTE", "MIT")
LAW_WAR = Source("relations of law and war", "CC BY-SA 3.0")
INTENT_3I4K = Source("3i4K", "CC BY-SA 4.0")
PARAKQC = Source("ParaKQC", "CC BY-SA 4.0")
STYLEKQC = Source("StyleKQC", "CC BY-SA 4.0")
SONGYS = Source("songys Chatbot_data", "MIT")
CHATTERBOT = Source("ChatterBot corpus", "BSD-3-Clause")


def recognise(name: str, *, version: str = "", first_id: str = "") -> Source:
    """The source of a SQuAD-shaped file, by its version string, its first question's id or its name.

    A file that bears no mark of a known set is its own source, licence unknown: a guess would end up in
    a model card.

    Example:
        >>> recognise("dev.json", version="KorQuAD_v1.0_dev").licence
        'CC BY-ND 2.0 KR'
        >>> recognise("mine.json")
        Source(name='mine.json', licence='unknown')
    """
    lowered, marks = version.lower(), name.lower()
    if lowered.startswith("korquad"):
        return KORQUAD_2 if "2." in lowered else KORQUAD_1
    if "klue-mrc" in lowered or first_id.startswith("klue-mrc"):
        return KLUE_MRC
    if "tydi" in marks or "tydi" in lowered or _tydi_id(first_id):
        return TYDI
    if marks.startswith("xquad"):
        return XQUAD
    return Source(name)


def marked(path: Path, source: Source, *marks: str) -> Source:
    """The source, where the file's name or its two folders bear one of its marks; else the file is its own.

    Many files have the same frame as a public set; only a name says that they are it.

    Example:
        >>> marked(Path("kobest/BoolQ/dev.tsv"), KOBEST_BOOLQ, "boolq").name
        'KoBEST BoolQ'
        >>> marked(Path("mine/dev.tsv"), KOBEST_BOOLQ, "boolq")
        Source(name='dev.tsv', licence='unknown')
    """
    name = "/".join(path.parts[-3:]).lower()
    return source if any(mark in name for mark in marks) else Source(path.name)


def _tydi_id(first_id: str) -> bool:
    """TyDi GoldP ids read ``korean--5252295675424886259-0``."""
    language, _, rest = first_id.partition("-")
    return language.isalpha() and language.islower() and rest.replace("-", "").isdigit() and len(rest) > 12


def document_id(context: str) -> str:
    """The id of a context: the same text has the same id in every file, another text has another.

    The first 16 hex digits of SHA-256: two of a million contexts collide with probability 3e-8.

    Example:
        >>> document_id("공방") == document_id("공방"), document_id("공방") == document_id("공방 ")
        (True, False)
    """
    return hashlib.sha256(context.encode("utf-8", "surrogatepass")).hexdigest()[:16]
