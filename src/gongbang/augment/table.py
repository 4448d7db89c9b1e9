"""The augmenters by name, imported when one is asked for, with their options checked.

An augmenter is a pure function ``(record, rng, **options) -> Record | None``: the same record, options and
state of the generator give the same copy, the record stays as it is, and None says that nothing could be
made of it. It tries a bounded number of times at most. It gives the changed texts, spans and labels; identity
and lineage are put on by :func:`gongbang.augment.copies.augment`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from functools import partial
from importlib import import_module
from operator import attrgetter
from typing import Any

import numpy as np

from gongbang.data.records import Record
from gongbang.errors import OptionError

Augmenter = Callable[[Record, np.random.Generator], Record | None]

AUGMENTERS: dict[str, str] = {
    "eda-deletion": "gongbang.augment.eda:deletion",
    "eda-swap": "gongbang.augment.eda:swap",
    "eda-synonym": "gongbang.augment.synonyms:replace_nouns",
    "eda-masked-synonym": "gongbang.augment.masked:replace_masked",
    "eda-masked-insertion": "gongbang.augment.masked:insert_masked",
    "aeda": "gongbang.augment.eda:insert_marks",
    "entity-mask": "gongbang.augment.entities:mask_entity",
    "entity-swap": "gongbang.augment.entities:swap_entities",
    "entity-replace": "gongbang.augment.entities:replace_entity",
    "question-mask": "gongbang.augment.questions:mask_question",
    "context-mask": "gongbang.augment.contexts:mask_context",
    "title": "gongbang.augment.titles:vary_title",
    "spacing": "gongbang.augment.spacing:vary_spacing",
    "paraphrase": "gongbang.augment.paraphrase:paraphrase_question",
    "hanja": "gongbang.augment.hanja:read_hanja",
    "template": "gongbang.augment.templates:template_question",
    "cloze": "gongbang.augment.cloze:ask_cloze",
    "back-translate": "gongbang.augment.back_translate:translate_back",
}
"""Name to the function that makes one copy of one record."""

NOTHING: dict[str, str] = {
    "eda-deletion": "no word outside the spans that could be spared",
    "eda-swap": "no two different words outside the spans",
    "eda-synonym": "no noun outside the spans with a similar one",
    "eda-masked-synonym": "no noun outside the spans for which the model has another word",
    "eda-masked-insertion": "no place outside the spans for which the model has a word",
    "aeda": "no word before which a mark could stand",
    "entity-mask": "no subject or object that could be masked with its type",
    "entity-swap": "no label holds with subject and object exchanged",
    "entity-replace": "no other name of the type, or the name stands in the text twice",
    "question-mask": "no question with two nouns outside its spans",
    "context-mask": "no labelled answer, or no word of the context is similar to the question",
    "title": "no title, or it names the answer",
    "spacing": "no blank or word outside the spans",
    "paraphrase": "no rule fits the ending of the question",
    "hanja": "no Hanja with a Korean reading",
    "template": "no sentence with an answer of a known type that stands there alone",
    "cloze": "no name that stands in two sentences of the context",
    "back-translate": "no translation there and back, or it lost a span, or the text came back as it was",
}
"""What it means when a method gives None."""

_LEARNT: dict[str, tuple[str, str]] = {
    "eda-synonym": ("synonyms", "gongbang.augment.thesaurus:Thesaurus"),
    "eda-masked-synonym": ("model", "gongbang.augment.encoder_words:EncoderFill"),
    "eda-masked-insertion": ("model", "gongbang.augment.modifiers:Modifiers"),
    "entity-swap": ("relations", "gongbang.augment.entities:Swaps"),
    "entity-replace": ("pool", "gongbang.augment.entities:EntityPool"),
}
"""Methods with an option that is learnt from the records where it is not passed."""

_NAMED: dict[tuple[str, str], dict[str, str]] = {
    ("context-mask", "similarity"): {"encoder": "gongbang.augment.encoder_words:EncoderSimilarity.bundled"},
}
"""Options that take an object, and names that a recipe may give in its place."""


def augmenter(name: str, records: Sequence[Record] = (), **options: Any) -> Augmenter:
    """The method ``name`` with its options set.

    Args:
        name: a key of :data:`AUGMENTERS`.
        records: what a method learns from whose resource (a thesaurus, a pool of names) is not among the
            options; these must be training rows. Other methods do not look at them.
        options: keyword options of the method.

    Raises:
        OptionError: no method has this name, or the method has no such option, or lacks one it needs.
        ArtifactError: the method needs the bundled encoder, and it is not installed.

    Example:
        >>> method = augmenter("eda-deletion", share=0.5)
        >>> method(Record("1", {"text": "봄"}), np.random.default_rng(0)) is None
        True
    """
    function = _function(name)
    known = {
        key: parameter.default
        for key, parameter in inspect.signature(function).parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    }
    for key in options:
        if key not in known:
            raise OptionError(
                f"'{name}' has no such option.",
                value=key,
                allowed=", ".join(known) or "no options",
                cure=_nearest(key, known) or "Drop it.",
            )
    options = {**_learnt(name, records, options), **options}
    options |= {option: _object(name, option, value) for option, value in options.items()}
    for key, default in known.items():
        if default is inspect.Parameter.empty and key not in options:
            raise OptionError(
                f"'{name}' needs the option '{key}'.",
                value=", ".join(options) or "no options",
                allowed=f"an object for '{key}'",
                cure=f"Pass {key}=...; the docstring of {function.__name__} says what it must do.",
            )
    return partial(function, **options)


def _function(name: str) -> Callable[..., Record | None]:
    if name not in AUGMENTERS:
        raise OptionError(
            "unknown way to augment.",
            value=name,
            allowed=", ".join(AUGMENTERS),
            cure=_nearest(name, AUGMENTERS) or "Name one of these.",
        )
    module, _, attribute = AUGMENTERS[name].partition(":")
    function: Callable[..., Record | None] = getattr(import_module(module), attribute)
    return function


def _learnt(name: str, records: Sequence[Record], options: Mapping[str, Any]) -> dict[str, Any]:
    if name not in _LEARNT or _LEARNT[name][0] in options or not records:
        return {}
    option, target = _LEARNT[name]
    module, _, attribute = target.partition(":")
    return {option: getattr(import_module(module), attribute).from_records(records)}


def _object(name: str, option: str, value: Any) -> Any:
    """The object that a recipe names by a word; any other value as it is."""
    named = _NAMED.get((name, option))
    if named is None or not isinstance(value, str):
        return value
    if value not in named:
        raise OptionError(
            f"'{name}' knows no {option} of this name.",
            value=value,
            allowed=", ".join(named),
            cure=_nearest(value, named) or f"Leave '{option}' out.",
        )
    module, _, attribute = named[value].partition(":")
    return attrgetter(attribute)(import_module(module))()


def _nearest(word: str, known: Mapping[str, Any]) -> str:
    near = get_close_matches(str(word), known, n=1)
    return f"Did you mean '{near[0]}'?" if near else ""
