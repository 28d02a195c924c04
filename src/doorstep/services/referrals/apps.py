"""The room as a Django application."""

from __future__ import annotations

from django.apps import AppConfig


class ReferralsConfig(AppConfig):
    """Two-way referral."""

    name = "doorstep.services.referrals"
    label = "referrals"
    default_auto_field = "django.db.models.BigAutoField"
