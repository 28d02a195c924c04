"""Protocols and formats that know no room."""
