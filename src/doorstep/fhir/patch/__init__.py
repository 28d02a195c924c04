"""Patches on the stored bytes of a resource: JSON Patch (RFC 6902) and FHIRPath Patch (R4)."""

from doorstep.fhir.patch.fhirpatch import fhirpath_patch
from doorstep.fhir.patch.identity import require_same
from doorstep.fhir.patch.jsonpatch import json_patch

__all__ = ["fhirpath_patch", "json_patch", "require_same"]
