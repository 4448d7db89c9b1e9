"""What ships with the project: every artifact opens, nothing stands twice, and all together stay small."""

from __future__ import annotations

from collections import Counter

import pytest

from gongbang.artifacts.format import CARD, open_artifact
from gongbang.artifacts.shared import SHARED
from gongbang.artifacts.store import artifacts_in, bundled, find_recipe
from gongbang.errors import ArtifactError

try:
    MODELS = bundled("models")
except ArtifactError:
    pytest.skip("no models are bundled", allow_module_level=True)
NAMES = [path.name for path in artifacts_in(MODELS)]


@pytest.mark.parametrize("name", NAMES)
def test_each_opens_and_has_a_card_and_a_recipe(name: str):
    artifact = open_artifact(MODELS / name)
    assert artifact.manifest.metrics and artifact.manifest.trained_on
    assert (artifact.path / CARD).stat().st_size > 500
    assert find_recipe(name).is_file()


def test_all_together_are_below_150_megabytes():
    assert sum(path.stat().st_size for path in MODELS.rglob("*") if path.is_file()) < 150_000_000


def test_what_artifacts_have_alike_stands_once():
    """Where this fails, run ``gongbang.artifacts.shared.share("models")`` after an export."""
    held = Counter(
        part.sha256
        for name in NAMES
        for file, part in open_artifact(MODELS / name, verify=False).manifest.files.items()
        if part.bytes >= 65_536 and (MODELS / name / file).is_file()
    )
    assert not [digest for digest, count in held.items() if count > 1]
    used = {
        part.sha256
        for name in NAMES
        for part in open_artifact(MODELS / name, verify=False).manifest.files.values()
    }
    assert {path.name for path in (MODELS / SHARED).iterdir()} <= used
