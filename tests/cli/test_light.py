"""The verbs' modules load nothing heavy: help answers at once, and what serves needs no torch."""

from __future__ import annotations

import subprocess
import sys

_CODE = """
import importlib, sys
for verb in ("check", "fit", "train", "evaluate", "export", "predict", "rerun", "compare"):
    importlib.import_module(f"gongbang.cli.{verb}")
heavy = {"torch", "numpy", "rich", "transformers", "onnxruntime", "kiwipiepy", "pydantic", "tokenizers"}
print(sorted(heavy & set(sys.modules)))
"""

_BLOCKED = """
import sys
class NoTorch:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"torch", "transformers", "accelerate", "pydantic", "safetensors"}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, NoTorch())
import gongbang.apps.evaluate
from gongbang.cli.main import main
assert main(["check", sys.argv[1], "--quiet"]) == 0
assert main(["evaluate", "search", "--data", sys.argv[1], "--no-dense", "--no-rerank", "--quiet"]) == 0
"""


def _python(code: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=False)


def test_the_verbs_import_nothing_heavy():
    assert _python(_CODE).stdout.strip() == "[]"


def test_checking_and_evaluating_need_no_torch(tmp_path):
    from tests.train.tiny import write_squad

    done = _python(_BLOCKED, str(write_squad(tmp_path / "made.json", articles=2)))
    assert done.returncode == 0, done.stderr
    assert "recall@1" in done.stdout
