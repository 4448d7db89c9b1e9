"""Side by side with peers, in one run: ``python bench/run.py [--quick] [--only search ask ...]``."""

from __future__ import annotations

import argparse
import datetime
import logging
import os
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

# Before anything is imported: no peer may phone home or look for a model in the network.
os.environ["HAYSTACK_TELEMETRY_ENABLED"] = "False"
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")

from machine import ROOT, describe_machine
from report import Section, write_report
from rounds import Unavailable, progress
from sources import Source, open_source

NAMES = ("search", "ask", "start", "train", "candidates", "serve")


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured; ``documents`` None takes all."""

    documents: int | None
    search_questions: int
    search_rounds: int
    ask_questions: int
    ask_rounds: int
    start_rounds: int
    batch_size: int
    steps: int
    train_rounds: int
    answers: tuple[int, ...]
    answer_queries: int
    answer_rounds: int
    serve_requests: int
    serve_rounds: int
    serve_clients: tuple[int, ...]


FULL = Sizes(
    None, 1000, 5, 50, 5, 7, 16, 4, 3, (1_000, 10_000, 100_000), 100, 5, 60, 3, (1, 2, 3, 4, 6, 8, 12, 16)
)
QUICK = Sizes(50, 40, 2, 4, 2, 2, 2, 1, 2, (1_000, 10_000), 10, 2, 4, 2, (1, 2))


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, write the tables, and say where they are."""
    options = _parser().parse_args(arguments)
    logging.disable(logging.WARNING)  # peers set the levels of their loggers when they are imported
    warnings.simplefilter("ignore")
    _quiet()
    machine = describe_machine()
    sizes = QUICK if options.quick else FULL
    source = open_source(options.data, seed=options.seed, documents=sizes.documents)
    machine["data"] = f"{source.name}: {len(source.documents)} documents, {len(source.questions)} questions"
    machine["when"] = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
    stem = options.name or _stem(options)
    sections: list[Section] = []
    with tempfile.TemporaryDirectory() as folder:
        for name, measure in _measures(options, sizes, source, Path(folder)).items():
            if name in options.only:
                progress(f"{name} ...")
                sections.append(_guarded(name, measure))
                written = write_report(Path(options.out), stem, machine, sections)
    print(*written, sep="\n")
    return int(any(section.failed for section in sections))


def _stem(options: argparse.Namespace) -> str:
    """The name of the files: only a whole run at full size may stand for the comparison."""
    if options.quick:
        return "quick"
    return "bench" if set(options.only) == set(NAMES) else "part"


def _measures(
    options: argparse.Namespace, sizes: Sizes, source: Source, folder: Path
) -> dict[str, Callable[[], Section]]:
    from answering import measure_answering
    from candidates import measure_candidates
    from finding import measure_finding
    from learning import measure_learning
    from serving import measure_serving
    from starting import measure_starting
    from weights import write_checkpoint

    def checkpoint() -> Path:
        place = folder / "reader"
        if not place.is_dir():
            write_checkpoint(place, reader=options.reader, run=options.run)
        return place

    return {
        "search": lambda: measure_finding(
            source, encoder=options.encoder, questions=sizes.search_questions, rounds=sizes.search_rounds
        ),
        "ask": lambda: measure_answering(
            source,
            checkpoint(),
            reader=options.reader,
            encoder=options.encoder,
            questions=sizes.ask_questions,
            rounds=sizes.ask_rounds,
        ),
        "start": lambda: measure_starting(rounds=sizes.start_rounds),
        "train": lambda: measure_learning(
            source,
            checkpoint(),
            batch_size=sizes.batch_size,
            steps=sizes.steps,
            rounds=sizes.train_rounds,
        ),
        "candidates": lambda: measure_candidates(
            answers=sizes.answers,
            queries=sizes.answer_queries,
            rounds=sizes.answer_rounds,
            seed=options.seed,
        ),
        "serve": lambda: measure_serving(
            source,
            checkpoint(),
            reader=options.reader,
            requests=sizes.serve_requests,
            rounds=sizes.serve_rounds,
            clients=sizes.serve_clients,
        ),
    }


def _guarded(name: str, measure: Callable[[], Section]) -> Section:
    """A comparison that cannot be made here leaves its reason in the table, and the others go on."""
    try:
        return measure()
    except Unavailable as reason:
        return Section(name, name, "", (), absent={name: str(reason)})
    except Exception as err:
        traceback.print_exc()
        why = f"{type(err).__name__}: {err}"
        return Section(name, name, "", (), absent={name: why}, failed=True)


def _quiet() -> None:
    try:
        from transformers.utils import logging as chatter
    except ImportError:
        return
    chatter.set_verbosity_error()
    chatter.disable_progress_bar()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench/run.py", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a trial of everything, in about a minute")
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES, metavar="NAME", help=str(NAMES))
    parser.add_argument("--data", metavar="DIR", help="a SQuAD file, or a folder with KorQuAD 1.0 in it")
    parser.add_argument("--reader", default="reader-ko", metavar="DIR", help="the reader's artifact")
    parser.add_argument("--encoder", default="encoder-ko", metavar="DIR", help="the encoder's artifact")
    parser.add_argument("--run", metavar="RUN", help="take the peers' weights from this run's checkpoint")
    parser.add_argument("--out", default=str(ROOT / "bench" / "results"), metavar="DIR")
    parser.add_argument("--name", help="name of the files; bench, part with --only, quick with --quick")
    parser.add_argument("--seed", type=int, default=17, help="of the choice of questions")
    return parser


if __name__ == "__main__":
    sys.exit(main())
