"""``gongbang stickers``: pictures for what is felt in a text, turn by turn, each with its reason."""

from __future__ import annotations

import argparse
from typing import Any

from gongbang.artifacts.defaults import EMOTIONS
from gongbang.cli.output import emit
from gongbang.errors import OptionError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's arguments."""
    parser.add_argument(
        "texts",
        metavar="TEXT",
        nargs="*",
        help="the turns of one conversation, in order; lines of stdin without any",
    )
    parser.add_argument(
        "--catalogue",
        required=True,
        metavar="FILE.jsonl",
        help="the stickers: id, name, keywords and picture a line, or emojibase's own names",
    )
    parser.add_argument(
        "--artifact", default=EMOTIONS, metavar="NAME", help=f"names the emotions ({EMOTIONS})"
    )
    parser.add_argument("--k", type=int, default=3, metavar="N", help="stickers a turn (3)")
    parser.add_argument(
        "--turns", type=int, default=5, metavar="N", help="turns within which none comes back (5)"
    )


def run(args: argparse.Namespace) -> Any:
    """Pick; gives each turn's emotions and stickers."""
    from gongbang.apps.stickers import StickerCatalogue, StickerPicker
    from gongbang.cli.ask import piped_questions
    from gongbang.data.records import Record
    from gongbang.runtime.load import load

    picker = StickerPicker(StickerCatalogue.read(args.catalogue), turns=args.turns)
    texts = args.texts or piped_questions()
    if not texts:
        raise OptionError(
            "there is no text to be answered.",
            value="no TEXT, and nothing on stdin",
            allowed="one text or more",
            cure='gongbang stickers "오늘 정말 고마웠어" --catalogue FILE.jsonl',
        )
    predictor = load(args.artifact, task="emotions")
    told = predictor.predict([Record(str(at), {"text": text}) for at, text in enumerate(texts)])
    turns = []
    for text, prediction in zip(texts, told, strict=True):
        shares = {each.text: each.probability for each in prediction.candidates}
        turns.append(
            {
                "text": text,
                "emotions": [
                    {"name": each.text, "probability": each.probability} for each in prediction.candidates[:5]
                ],
                "stickers": [found.to_dict() for found in picker.pick(shares, args.k)],
            }
        )
    return emit({"turns": turns}, args, lambda: "\n\n".join(map(_shown, turns)))


def _shown(turn: dict[str, Any]) -> str:
    felt = ", ".join(f"{each['name']} {each['probability']:.2f}" for each in turn["emotions"][:3])
    lines = [
        f"  {each['picture'] or each['id']}  {each['name']}: {each['reason']}" for each in turn["stickers"]
    ]
    return "\n".join([turn["text"], f"  {felt}", *(lines or ["  (no sticker fits)"])])
