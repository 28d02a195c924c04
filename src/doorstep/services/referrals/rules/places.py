"""Who can be referred to, and whether what is asked needs a place taken before it is accepted. Pure."""

from __future__ import annotations

from typing import Final

from doorstep.services.referrals.rules.kinds import Service, Urgency


def needs_place(service: Service, urgency: Urgency) -> bool:
    """A visit or an examination does; an emergency comes at once, and beds are given by the ward."""
    return service in (Service.OUTPATIENT, Service.EXAMINATION) and urgency is not Urgency.EMERGENCY


TREATS: Final = frozenset("ABCDGH")
"""Hospitals, community and township centres, clinics, maternal and specialised ones: the letters of the ministry's
卫生机构（组织）类别代码 (WS 218-2002); a disease control or an emergency centre takes no referral."""


def treats(type_code: str) -> bool:
    """Whether an institution of that type can be referred to."""
    return type_code[:1] in TREATS
