"""The room as a Django application."""

from __future__ import annotations

from django.apps import AppConfig


class SheetsConfig(AppConfig):
    """Sheets."""

    name = "doorstep.record.sheets"
    label = "sheets"
