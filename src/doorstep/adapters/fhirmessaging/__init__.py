"""FHIR messages (R4, messaging.html): read, mended where a guide's own examples are no R4, and answered."""
