"""Where the build of the FHIR engine lies."""

from __future__ import annotations

from pathlib import Path
from typing import Final

BUILD: Final = Path(__file__).resolve().parent.parent / "_build"
DEFINITIONS: Final = BUILD / "fhir-r4"
TABLES: Final = BUILD / "fhir-r4-index.json"
SEARCH: Final = BUILD / "fhir-r4-search.json"
STRUCTURE: Final = BUILD / "fhir-r4-structure.json"
