"""What is printed when a command fails, and the exit code it ends with."""

from __future__ import annotations

import json as jsonlib
import sys
import traceback

from gongbang.errors import GongbangError, OptionError, printable

FAULT = 1
"""Exit code of an error that is ours, not the user's."""


def report(err: Exception, *, json: bool, debug: bool) -> int:
    """Print an error and give the exit code.

    Args:
        err: what was raised.
        json: print ``{"error": ...}`` on stdout instead of lines on stderr.
        debug: print the traceback too.
    """
    if debug:
        traceback.print_exception(err, file=sys.stderr)
    known = known_error(err)
    if known is None:
        return _fault(err, json=json, debug=debug)
    if json:
        print(jsonlib.dumps(known.to_dict(), ensure_ascii=False, indent=2))
    else:
        print("\n".join(known.lines()), file=sys.stderr)
    return known.exit_code


def known_error(err: Exception) -> GongbangError | None:
    """The error as one that a user can mend; None where it is a fault of ours."""
    if isinstance(err, GongbangError):
        return err
    if isinstance(err, OSError) and err.filename is not None:
        return OptionError(
            "a file or folder cannot be used.",
            value=f"{err.filename}: {err.strerror}",
            allowed="paths that this user may read, or write where something is written",
            cure="Check the path, its permissions and the room left on the disk.",
        )
    return None


def _fault(err: Exception, *, json: bool, debug: bool) -> int:
    what = printable(" ".join(f"{type(err).__name__}: {err}".split()))
    cure = "This is a fault of Gongbang; run the command again with --debug and report what it shows."
    if json:
        print(jsonlib.dumps({"error": "Fault", "what": what, "cure": cure}, ensure_ascii=False, indent=2))
    if not debug:
        print(f"fault: {what} (see the traceback with --debug)", file=sys.stderr)
    return FAULT
