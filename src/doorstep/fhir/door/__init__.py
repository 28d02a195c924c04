"""The FHIR door: a lean ASGI app over a house that the caller provides."""
