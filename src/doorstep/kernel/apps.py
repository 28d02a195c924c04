"""The kernel as a Django application."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig


class KernelConfig(AppConfig):
    """Registers the house's own system checks when the program starts."""

    name = "doorstep.kernel"
    label = "kernel"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Load the checks, which register themselves."""
        if find_spec("doorstep.kernel.checks"):
            import_module("doorstep.kernel.checks")
