"""The room as a Django application."""

from __future__ import annotations

from django.apps import AppConfig


class TrailConfig(AppConfig):
    """The trail for people."""

    name = "doorstep.insight.trail"
    label = "trail"
    default_auto_field = "django.db.models.BigAutoField"
