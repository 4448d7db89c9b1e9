"""The tasks by name, resolved when one is asked for, so that nothing registers itself on import."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING, Any

from gongbang.errors import OptionError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

TASKS: dict[str, str] = {
    "reader": "gongbang.tasks.reader:ReaderTask",
    "encode": "gongbang.tasks.encode:EncodeTask",
    "emotions": "gongbang.tasks.emotions:EmotionsTask",
    "boolq": "gongbang.tasks.boolq:BoolqTask",
    "classify": "gongbang.tasks.classify:ClassifyTask",
    "relation": "gongbang.tasks.relation:RelationTask",
    "respond": "gongbang.tasks.respond:RespondTask",
}


def task_class(name: str) -> Any:
    """The class behind a task's name.

    Raises:
        OptionError: no task has this name.

    Example:
        >>> task_class("reader").__name__
        'ReaderTask'
    """
    if name not in TASKS:
        near = get_close_matches(name, TASKS, n=1)
        raise OptionError(
            "unknown task.",
            value=name,
            allowed=", ".join(TASKS),
            cure=f"Did you mean '{near[0]}'?" if near else "Name one of these tasks.",
        )
    module, _, attribute = TASKS[name].partition(":")
    return getattr(import_module(module), attribute)


def make_task(name: str, tokenizer: Tokenizer, config: Mapping[str, Any]) -> Any:
    """The task ``name`` with its tokenizer and configuration."""
    return task_class(name).from_config(tokenizer, config)
