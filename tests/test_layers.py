"""The house stands: a floor knows only the floors below it, and torch stays out of what serves."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parent.parent / "src"
PACKAGE = SOURCE / "gongbang"
_ORDER = "errors text data metrics search tasks artifacts ensemble runtime augment nn train export apps"
FLOORS = (*_ORDER.split(), "serve", "cli")
TORCH_FLOORS = {"nn", "train", "export"}
TORCH = {"torch", "transformers", "accelerate", "safetensors"}
_LIBRARIES = "numpy kiwipiepy onnxruntime torch pydantic rich tokenizers bm25s pypdf yaml matplotlib pyarrow"
HEAVY = (*_LIBRARIES.split(), "sqlalchemy", "alembic", "fastapi", "uvicorn", "starlette")
LONGEST_FILE = 400

FILES = sorted(PACKAGE.rglob("*.py"))
NAMES = [str(path.relative_to(PACKAGE)) for path in FILES]


def floor_of(module: str) -> str | None:
    """The floor of ``gongbang.search.base`` is ``search``; the package itself has none."""
    parts = module.split(".")
    return parts[1] if parts[0] == "gongbang" and len(parts) > 1 and parts[1] in FLOORS else None


@cache
def module_of(path: Path) -> str:
    return ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path: Path, *, at_load: bool = False) -> Iterator[tuple[str, int]]:
    """Modules imported anywhere in a file, or only those that are imported when it loads, with the line."""
    for node in _at_load(tree_of(path)) if at_load else ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from ((name.name, node.lineno) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: write imports in full"
            yield node.module or "", node.lineno
            # ``from gongbang import search`` names its module second.
            yield from ((f"{node.module}.{name.name}", node.lineno) for name in node.names)


def _at_load(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            continue
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            continue
        yield child
        yield from _at_load(child)


SERVING = [path for path in FILES if floor_of(module_of(path)) == "serve"]


def test_every_folder_is_a_floor() -> None:
    folders = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").is_file()}
    assert folders <= set(FLOORS), f"give these a place in the order: {sorted(folders - set(FLOORS))}"


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_a_floor_imports_only_floors_below(path: Path) -> None:
    own = floor_of(module_of(path))
    if own is None:
        return
    allowed = set(FLOORS[: FLOORS.index(own) + 1])
    wrong = [
        f"line {line}: {module}"
        for module, line in imports(path)
        if (floor := floor_of(module)) is not None and floor not in allowed
    ]
    assert not wrong, f"{module_of(path)} reaches up: {wrong}"


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_torch_lives_on_its_floors_alone(path: Path) -> None:
    if floor_of(module_of(path)) in TORCH_FLOORS:
        return
    wrong = [f"line {line}: {module}" for module, line in imports(path) if module.split(".")[0] in TORCH] + [
        f"line {line}: {module}, as it loads"
        for module, line in imports(path, at_load=True)
        if floor_of(module) in TORCH_FLOORS
    ]
    assert not wrong, f"{module_of(path)} needs torch: {wrong}"


@pytest.mark.parametrize("path", SERVING, ids=[path.stem for path in SERVING])
def test_a_service_never_trains(path: Path) -> None:
    wrong = [f"line {line}: {module}" for module, line in imports(path) if floor_of(module) in TORCH_FLOORS]
    assert not wrong, f"{module_of(path)} reaches what trains: {wrong}"


def test_tasks_do_not_know_each_other() -> None:
    from gongbang.tasks.table import TASKS

    modules = {target.partition(":")[0] for target in TASKS.values()}
    for path in FILES:
        if module_of(path) in modules:
            others = modules - {module_of(path)}
            assert not others & {module for module, _ in imports(path)}


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_a_file_is_one_idea(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines <= LONGEST_FILE, f"{module_of(path)} has {lines} lines: it holds more than one idea"


_BLOCKER = """
import sys
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in BLOCKED:
            raise ImportError(name + " is blocked")
sys.meta_path.insert(0, Blocker())
"""


def run_python(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        env={"PYTHONPATH": str(SOURCE), "PATH": "", "PYTHONIOENCODING": "utf-8"},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_everything_that_serves_imports_without_torch() -> None:
    serving = [module_of(path) for path in FILES if floor_of(module_of(path)) not in TORCH_FLOORS]
    serving = [module for module in serving if not module.endswith("__main__")]
    typed = [module for module in serving if floor_of(module) == "serve"]  # FastAPI's schemas are pydantic's
    blocked = TORCH | {"pyarrow", "matplotlib", "openvino", "huggingface_hub"}
    for names, missing in ((typed, blocked), (sorted({*serving} - {*typed}), blocked | {"pydantic"})):
        told = f"BLOCKED = {missing!r}\n"
        loaded = f"import importlib\nfor name in {names!r}: importlib.import_module(name)\n"
        assert run_python(told + _BLOCKER + loaded + "print('done')") == "done\n"


@pytest.mark.parametrize(
    "words", [["--help"], ["--version"], ["ask", "--help"], ["index", "build", "--help"], ["serve", "--help"]]
)
def test_help_imports_nothing_heavy(words: list[str]) -> None:
    code = (
        f"import sys\nfrom gongbang.cli.main import main\ncode = main({words!r})\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], code)"
    )
    assert run_python(code).splitlines()[-1] == "[] 0"


def test_importing_gongbang_imports_nothing_heavy() -> None:
    code = f"import sys, gongbang\nprint([name for name in {HEAVY!r} if name in sys.modules])"
    assert run_python(code) == "[]\n"
