"""The FHIR R4 engine: a library that knows no room, no Django and no database."""
