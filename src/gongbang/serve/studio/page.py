"""What a page is built with: the API, the words of its language, and how its errors are shown."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gongbang.errors import GongbangError, MissingExtraError
from gongbang.serve.studio import markup
from gongbang.serve.studio.client import Client
from gongbang.serve.studio.words import Words

if TYPE_CHECKING:
    from gongbang.serve.studio.pictures import Stickers

_LOG = logging.getLogger(__name__)
CLIENT = "studio"
"""What feedback says it came by."""
Shown = dict[Any, Any]
"""Component to what it shows now; components that are not named stay as they are."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page in one language.

    Attributes:
        name: see :data:`gongbang.serve.studio.markup.PAGES`.
        client: the API. words: of the language.
        runs: the folder of runs to compare, where one was named.
        stickers: what the emotions page recommends from. gr: Gradio.
    """

    name: str
    client: Client
    words: Words
    runs: Path | None = None
    stickers: Stickers | None = None
    gr: Any = field(default=None, repr=False)

    def html(self, value: str = "", *, id: str, live: bool = False) -> Any:
        """A part of the page that shows HTML; ``live`` ones are read aloud when they change."""
        classes = ["live"] if live else []
        return self.gr.HTML(value, elem_id=f"{self.name}-{id}", elem_classes=classes, padding=False)

    def notice(self) -> Any:
        """Where the page says what went wrong, or well."""
        return self.html(id="notice", live=True)

    def on(
        self, event: Callable[..., Any], work: Callable[..., Shown], given: Any, shown: list[Any], told: Any
    ) -> None:
        """Have an event do some work.

        An error of the work is shown in ``told`` and changes nothing else; without one ``told`` is emptied,
        unless the work says something there.

        Args:
            event: such as ``button.click``. work: from the values of ``given`` to what is shown.
            given: components, a list or one. shown: components that the work may change. told: the notice.
        """

        def run(*values: Any) -> Shown:
            return attempt(lambda: work(*values), told, self.words)

        event(run, inputs=given, outputs=[*shown, told], api_visibility="private", show_progress="minimal")


def attempt(work: Callable[[], Shown], told: Any, words: Words) -> Shown:
    """What some work shows, or why it could not be done: never a traceback."""
    try:
        return {told: "", **work()}
    except GongbangError as err:
        return {told: markup.problem(err, words)}
    except Exception:
        _LOG.exception("a page of the studio failed")
        return {told: markup.notice(words("problem.own"), "alert")}


def gradio() -> Any:
    """Gradio, which takes seconds to load.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        return import_module("gradio")
    except ImportError as err:
        raise MissingExtraError("gradio", extra="studio", purpose="the studio") from err
