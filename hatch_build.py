"""Put models, recipes and samples into the wheel.

They stand beside ``src`` in the repository and under ``gongbang/_bundled`` in a wheel. An editable install
finds them in the repository, so copying them (150 MB) would only leave a second, soon stale set.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUNDLED = ("models", "recipes", "samples")


class BundleHook(BuildHookInterface[Any]):
    """Adds the folders to a standard wheel, and nothing to an editable one."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version != "standard":
            return
        for name in BUNDLED:
            folder = Path(self.root) / name
            if folder.is_dir() and any(folder.iterdir()):
                build_data["force_include"][str(folder)] = f"gongbang/_bundled/{name}"
