"""Whether what is asked needs a place taken before it is accepted. Pure."""

from __future__ import annotations

from doorstep.services.referrals.rules.kinds import Service, Urgency


def needs_place(service: Service, urgency: Urgency) -> bool:
    """A visit or an examination does; an emergency comes at once, and beds are given by the ward."""
    return service in (Service.OUTPATIENT, Service.EXAMINATION) and urgency is not Urgency.EMERGENCY
