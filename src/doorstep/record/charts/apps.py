"""The room as a Django application."""

from __future__ import annotations

from django.apps import AppConfig


class ChartsConfig(AppConfig):
    """Charts."""

    name = "doorstep.record.charts"
    label = "charts"
