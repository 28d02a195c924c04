"""Build hook: a wheel carries its browser assets, reference data and translations, so it installs without Node."""

from __future__ import annotations

import os
import runpy
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).parent


class CustomBuildHook(BuildHookInterface):  # type: ignore[type-arg]  # hatchling leaves the parameter open
    """Runs the asset step before files are gathered; `make setup` does it by itself and sets DOORSTEP_SKIP_ASSETS."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build what is missing; nothing happens when the stamps fit."""
        if not os.environ.get("DOORSTEP_SKIP_ASSETS"):
            runpy.run_path(str(ROOT / "tools" / "build_assets.py"))["main"]()
