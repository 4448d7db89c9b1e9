"""Start-up: how long a person waits before anything happens at all."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

from machine import ROOT, version_of
from report import Section
from rounds import ratio, take_turns

_TIMES = ("median ms", "lowest ms", "highest ms")


def measure_starting(*, rounds: int) -> Section:
    """Wall time of whole processes, started in turn; the first round only warms the file cache."""
    commands, absent = _commands()
    section = Section(
        "start",
        "Start-up",
        "A fresh process each time, files in the page cache.",
        _TIMES,
        ratio_of="start-up time, the peer's by ours",
        absent=absent,
    )
    environment = os.environ | {
        "HAYSTACK_TELEMETRY_ENABLED": "False",
        "HF_HUB_OFFLINE": "1",
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])),
    }

    def start(command: list[str]) -> None:
        subprocess.run(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True
        )

    turns = take_turns(
        {name: lambda _, command=command: start(command) for name, command in commands.items()},
        [[number] for number in range(rounds + 1)],
    )
    seconds = {name: [turn.seconds[0] for turn in own[1:]] for name, own in turns.items()}
    for name, own in seconds.items():
        values = (statistics.median(own), min(own), max(own))
        section.rows[name] = dict(zip(_TIMES, (round(1000 * value) for value in values), strict=True))
    peers = [name for name in commands if not name.startswith(("gongbang", "python -c pass"))]
    section.ratios = [
        ratio("gongbang --help", seconds[peer], peer, seconds["gongbang --help"]) for peer in peers
    ]
    return section


def _commands() -> tuple[dict[str, list[str]], dict[str, str]]:
    python = sys.executable
    script = Path(python).with_name("gongbang")
    ours = [str(script)] if script.is_file() else [python, "-m", "gongbang"]
    commands = {
        "gongbang --help": [*ours, "--help"],
        "gongbang ask --help": [*ours, "ask", "--help"],
        "python -c pass": [python, "-c", "pass"],
    }
    absent = {}
    peers = (("transformers", "transformers"), ("haystack", "haystack-ai"), ("torch", "torch"))
    for module, package in peers:
        name = f"python -c 'import {module}'"
        if version_of(package):
            commands[name] = [python, "-c", f"import {module}"]
        else:
            absent[name] = f"{package} is not installed"
    tool = shutil.which("transformers", path=str(Path(python).parent))
    if tool:
        commands["transformers --help"] = [tool, "--help"]
    else:
        absent["transformers --help"] = "no such command beside this Python"
    return commands, absent
