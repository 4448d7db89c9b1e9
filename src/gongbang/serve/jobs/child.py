"""A command that does not outlive the process that asked for it, whatever ends that one.

``python -m gongbang.serve.jobs.child COMMAND…`` runs a command and ends with its exit code. It reads its own
stdin, a pipe that its parent holds open and writes nothing to: when that ends, the parent is gone (kill -9
closes pipes too) or wants the command to stop. The command is then interrupted, as by Ctrl-C, so that a
training leaves a checkpoint; if it has not ended after some seconds it is killed.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress

GRACE_S = 60.0


def main(command: Sequence[str], grace_s: float = GRACE_S) -> int:
    """Run a command until it ends or stdin does; gives its exit code."""
    # What a shell starts in the background ignores Ctrl-C, and so would all that it starts in its turn.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    # A terminal's Ctrl-C reaches the whole group; the one who waits must not go first.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_watch, args=(child, grace_s), daemon=True).start()
    return child.wait()


def _watch(child: subprocess.Popen[bytes], grace_s: float) -> None:
    with suppress(OSError):
        while os.read(0, 4096):  # not sys.stdin: its lock would be held when the process ends
            pass
    child.send_signal(signal.SIGINT)
    try:
        child.wait(grace_s)
    except subprocess.TimeoutExpired:
        child.kill()


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.exit(code if code >= 0 else 128 - code)
