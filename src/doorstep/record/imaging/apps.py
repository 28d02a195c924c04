"""The room as a Django application."""

from __future__ import annotations

from django.apps import AppConfig


class ImagingConfig(AppConfig):
    """Imaging."""

    name = "doorstep.record.imaging"
    label = "imaging"
