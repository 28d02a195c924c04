"""Tests of the FHIR engine."""
