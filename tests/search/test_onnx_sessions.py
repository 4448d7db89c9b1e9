"""One pool of threads for all models of a process, in a process of its own: it cannot be taken back."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gongbang.artifacts.store import known_artifacts

_CODE = """
import sys, threading
from pathlib import Path
import numpy as np
from gongbang.search.onnx_sessions import session_options, share_threads
assert session_options(3).intra_op_num_threads == 3
shared = share_threads(3)
assert shared and share_threads(5)  # once a process

def count():
    return len(list(Path("/proc/self/task").iterdir())) if Path("/proc/self/task").is_dir() else 0

from gongbang.runtime.load import load
from gongbang.data.records import Record
before, predictors, counts = count(), [], []
for _ in range(4):
    predictors.append(load(sys.argv[1], engine="onnxruntime"))
    counts.append(count())
assert counts[-1] == counts[0], counts  # a further model brings no further thread
record = Record("1", {"text": "정말 즐거웠어요!"})
told = {one.predict([record])[0].confidence for one in predictors}
from gongbang.search.int8_scan import _session
_session(1)  # a session of another floor
print(len(told))
"""


def test_models_share_one_pool():
    if "sentiment-ko" not in known_artifacts():
        pytest.skip("not bundled here: sentiment-ko")
    path = str(known_artifacts()["sentiment-ko"])
    done = subprocess.run([sys.executable, "-c", _CODE, path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "1"


def test_every_session_of_the_package_is_opened_so():
    """A session that wants a pool of its own is refused by onnxruntime once there is one for all."""
    import gongbang

    root = Path(gongbang.__file__).parent
    makers = [path for path in root.rglob("*.py") if "InferenceSession(" in path.read_text(encoding="utf-8")]
    assert makers and all("session_options(" in path.read_text(encoding="utf-8") for path in makers)
    direct = [path for path in makers if "onnxruntime.SessionOptions()" in path.read_text(encoding="utf-8")]
    assert not direct
