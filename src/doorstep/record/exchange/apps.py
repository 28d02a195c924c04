"""The room as a Django application."""

from __future__ import annotations

from django.apps import AppConfig


class ExchangeConfig(AppConfig):
    """Exchange."""

    name = "doorstep.record.exchange"
    label = "exchange"
