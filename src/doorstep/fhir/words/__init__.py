"""The words of problems: one table a topic, each kind with its issue type, HTTP status, Chinese and English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from doorstep.fhir.words.content import CONTENT
from doorstep.fhir.words.door import DOOR
from doorstep.fhir.words.kind import Kind
from doorstep.fhir.words.patches import PATCHES
from doorstep.fhir.words.terminology import TERMINOLOGY
from doorstep.fhir.words.xml import XML

KINDS: Final[Mapping[str, Kind]] = {**CONTENT, **DOOR, **PATCHES, **TERMINOLOGY, **XML}
