"""Imaging: studies and where they are."""
