"""``gongbang keys``: who may ask a server that listens beyond its own machine."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gongbang.cli.output import emit, note
from gongbang.errors import OptionError

if TYPE_CHECKING:
    from gongbang.serve.access.keys import Key


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's arguments."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    new = actions.add_parser("new", help="make a key; its secret is shown once and kept nowhere")
    new.add_argument("--name", required=True, help="whose it is, for people")
    new.add_argument("--scope", default="read", help="read, write or admin; each may what those before may")
    new.add_argument("--rate", type=float, metavar="N", help="requests a second (20)")
    new.add_argument("--burst", type=int, metavar="N", help="requests at once after a pause (40)")
    new.add_argument("--file", type=Path, metavar="FILE.yaml", help="add it to this configuration file")


def run(args: argparse.Namespace) -> Any:
    """Make a key; print the secret, and the hash for the configuration file."""
    from gongbang.serve.access.keys import BURST, RATE, new_key

    secret, key = new_key(
        args.name,
        args.scope,
        rate=RATE if args.rate is None else args.rate,
        burst=BURST if args.burst is None else args.burst,
    )
    if args.file is not None:
        add_key(args.file, key)
        note(args, f"added to {args.file}; a server takes it when it is started anew")
    else:
        note(args, "for the configuration file:\nkeys:\n" + _entry(key).rstrip())
    return emit({"secret": secret, **key.to_dict()}, args, secret)


def add_key(path: Path, key: Key) -> None:
    """Put a key into a configuration file, which is made where there is none; the rest stays as it is.

    Raises:
        OptionError: the file holds a key of that name, or lists keys in a way that nothing can be added to.
    """
    import yaml

    from gongbang.artifacts.files import write_text
    from gongbang.serve.access.keys import keys_of

    text = path.read_text(encoding="utf-8") if path.exists() else ""
    tree = yaml.safe_load(text) or {}
    held = (tree.get("keys") or []) if isinstance(tree, dict) else []
    keys_of([*held, key.to_dict()])  # refuses a name that is taken
    lines = text.splitlines(keepends=True)
    place = next((at for at, line in enumerate(lines) if line.rstrip() == "keys:"), None)
    if place is None:
        new = text + ("" if not text or text.endswith("\n") else "\n") + "keys:\n" + _entry(key)
    else:
        new = "".join([*lines[: place + 1], _entry(key), *lines[place + 1 :]])
    try:
        wanted = [key.to_dict(), *held]
        found = yaml.safe_load(new)
        fits = isinstance(found, dict) and found == {**tree, "keys": wanted}
    except yaml.YAMLError:
        fits = False
    if not fits:
        raise OptionError(
            "the key cannot be added to this file.",
            value=str(path),
            allowed="a YAML file of settings, whose keys stand below a line 'keys:'",
            cure="Leave --file out, and put what is printed into the file by hand.",
        )
    write_text(path, new)
    path.chmod(0o600)


def _entry(key: Key) -> str:
    """The lines of a key in a list, its fields on lines of their own."""
    import yaml

    return str(yaml.safe_dump([key.to_dict()], allow_unicode=True, sort_keys=False))
