"""Clients of other people that meet the FHIR door."""
