"""Memory that is freed in a block of KeptHeap is taken again without the kernel, and swept now and then."""

from __future__ import annotations

import resource
import subprocess
import sys

import pytest

from gongbang.train.heap import _SWEEP_EVERY, _glibc

_BLOCK = 64 * 1024 * 1024  # bytes
# Steps until the heap has a hole for each block: 2 to 14 of 120 runs, by where small blocks chance to lie.
_SETTLED = 40
_PROBE = f"""
import contextlib, resource, sys
from pathlib import Path

import torch
from gongbang.train.heap import KeptHeap

torch.set_num_threads(1)

def take():
    block = torch.empty({_BLOCK}, dtype=torch.uint8).fill_(1)  # larger than glibc ever keeps by itself
    return block.add(1)

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

def held():
    return int(Path("/proc/self/statm").read_text().split()[1])

def of_three():
    before = faults()
    for _ in range(3):
        take()
    return faults() - before

with KeptHeap() if sys.argv[1] == "kept" else contextlib.nullcontext() as heap:
    for _ in range({_SETTLED}):
        take()
    inside = of_three()
    pages = [held()]
    if heap:
        for _ in range({_SWEEP_EVERY}):
            heap.step()
            pages.append(held())
print(inside, of_three(), *pages)
"""
_PAGES = _BLOCK // resource.getpagesize()
_HUGE = 512  # of them may come at once

pytestmark = pytest.mark.skipif(_glibc() is None, reason="the C library is not glibc")


def probe(how: str) -> list[int]:
    done = subprocess.run([sys.executable, "-c", _PROBE, how], capture_output=True, text=True, check=True)
    return [int(number) for number in done.stdout.split()]


def test_what_a_step_frees_is_kept_for_the_next_and_given_back_outside():
    kept, after, *pages = probe("kept")
    loose, *_ = probe("loose")
    assert min(loose, after) >= 6 * _PAGES / _HUGE  # three times two blocks
    assert kept < loose / 6
    *before, swept = pages
    assert min(before) - swept > 1.5 * _PAGES
