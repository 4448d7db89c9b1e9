"""Stickers for the emotions page: names and reasons always, pictures where a folder of them was named."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from importlib import resources
from pathlib import Path

from gongbang.apps.stickers import Recommendation, StickerCatalogue, StickerPicker
from gongbang.errors import DataError, OptionError

CATALOGUE = "catalogue.jsonl"
"""The file of a folder of stickers: id, name, keywords and picture a line."""
_TYPES = {".png": "image/png", ".gif": "image/gif", ".jpg": "image/jpeg", ".jpeg": "image/jpeg",
          ".webp": "image/webp"}  # fmt: skip
_LARGEST = 300_000  # bytes of a picture: it goes into the page
_SIGN = 8  # characters of a picture that is a sign itself, such as an emoji


@dataclass(frozen=True, slots=True)
class Stickers:
    """What is recommended, and where its pictures are.

    Attributes:
        catalogue: the stickers. folder: of their pictures; None where none are shown.
    """

    catalogue: StickerCatalogue
    folder: Path | None = None

    @classmethod
    def open(cls, folder: str | Path | None) -> Stickers:
        """The stickers of a folder, or the names that come along.

        Raises:
            OptionError: there is no such folder, or no catalogue in it. DataError: the catalogue is faulty.
        """
        if folder is None:
            with resources.as_file(resources.files(__package__) / "stickers.jsonl") as path:
                return cls(StickerCatalogue.read(path))
        place = Path(folder).resolve()
        if not (place / CATALOGUE).is_file():
            raise OptionError(
                "the folder holds no stickers.",
                value=str(folder),
                allowed=f"a folder with {CATALOGUE}, and the pictures that it names",
                cure="Write a line a sticker: "
                '{"id": "a", "name": "우는 얼굴", "keywords": ["눈물"], "picture": "a.png"}',
            )
        return cls(StickerCatalogue.read(place / CATALOGUE), place)

    def pick(self, emotions: Mapping[str, float], k: int = 3) -> list[Recommendation]:
        """The stickers that fit, best first; none where no emotion is one that the catalogue knows."""
        known = {name: share for name, share in emotions.items() if name in self.catalogue.words}
        return StickerPicker(self.catalogue, turns=0).pick(known, k) if any(known.values()) else []

    def shown(self, picture: str, name: str) -> str:
        """A sticker's picture as HTML; "" where there is none to be shown.

        Raises:
            DataError: it is not in the folder, too large, or of another kind.
        """
        if self.folder is None or not picture:
            return ""
        path = (self.folder / picture).resolve()
        kind = _TYPES.get(path.suffix.lower())
        if kind is None and len(picture) <= _SIGN:
            return f"<div class='sign' role='img' aria-label='{escape(name)}'>{escape(picture)}</div>"
        if kind is None or not path.is_relative_to(self.folder) or not path.is_file():
            raise _unusable(picture, "a picture of the folder (png, gif, jpg, webp), or a sign")
        data = path.read_bytes()
        if len(data) > _LARGEST:
            raise _unusable(picture, f"at most {_LARGEST:,} bytes")
        text = base64.b64encode(data).decode("ascii")
        return f"<img src='data:{kind};base64,{text}' alt='{escape(name)}'>"


def _unusable(picture: str, allowed: str) -> DataError:
    return DataError(
        "a sticker's picture cannot be shown.",
        value=picture,
        allowed=allowed,
        cure=f"Mend the picture, or its line in {CATALOGUE}.",
        field="picture",
    )
