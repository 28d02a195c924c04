"""The house's own pages as a Django application."""

from __future__ import annotations

from django.apps import AppConfig


class SystemConfig(AppConfig):
    """Names the application."""

    name = "doorstep.site.system"
    label = "system"
