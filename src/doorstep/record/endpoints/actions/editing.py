"""Endpoints made, changed, switched and paused."""

from __future__ import annotations

from uuid import UUID

from doorstep.kernel.act import about, action
from doorstep.kernel.call import Call
from doorstep.kernel.clash import clashes
from doorstep.kernel.decision import Refused, demand, refuse
from doorstep.kernel.store import lock
from doorstep.record.endpoints.access import Permission
from doorstep.record.endpoints.models import Endpoint
from doorstep.record.endpoints.rules import facts as rules
from doorstep.record.endpoints.rules import outward
from doorstep.record.endpoints.rules.outward import Direction
from doorstep.record.endpoints.shapes import Facts, Outward
from doorstep.registers.organisations import api as organisations

SECURED = ("certificate", "key", "clients")
TAKEN = "another sender of these names has the port"


@action(Permission.EDIT, audits="endpoints.make", beyond="whether a port is taken is asked of all institutions")
def make(call: Call, *, facts: Facts) -> UUID:
    """Make an endpoint, which is on from then. Raises ``Refused`` where it is not sound or its place is taken."""
    row = Endpoint(organisation_id=facts.organisation, protocol=facts.protocol, direction=facts.direction)
    _put(call, row, facts)
    return row.pk


@action(Permission.EDIT, audits="endpoints.edit", beyond="whether a port is taken is asked of all institutions")
def edit(call: Call, *, endpoint: UUID, expect: int, facts: Facts) -> None:
    """Change an endpoint; whose it is stays, for what came in by it is theirs."""
    row = lock(Endpoint, endpoint, scope=call.scope, expect=expect)
    if (row.organisation_id, row.direction, row.protocol) != (facts.organisation, facts.direction, facts.protocol):
        raise Refused(refuse("endpoint.moved"))
    row.version += 1
    _put(call, row, facts)


@action(Permission.EDIT, audits="endpoints.switch")
def switch(call: Call, *, endpoint: UUID, expect: int, on: bool) -> None:
    """Listen for its sender, or no longer."""
    row = lock(Endpoint, endpoint, scope=call.scope, expect=expect)
    about("Endpoint", endpoint, on=on)
    row.is_on, row.version = on, row.version + 1
    row.save(update_fields=("is_on", "version"))


@action(Permission.EDIT, audits="endpoints.pause")
def pause(call: Call, *, endpoint: UUID, expect: int, paused: bool) -> None:
    """Let what comes in wait, or work on it again; it is kept and acknowledged all the while."""
    row = lock(Endpoint, endpoint, scope=call.scope, expect=expect)
    about("Endpoint", endpoint, paused=paused)
    row.paused, row.version = paused, row.version + 1
    row.save(update_fields=("paused", "version"))


def _put(call: Call, row: Endpoint, facts: Facts) -> None:
    about("Endpoint", row.pk, name=facts.name, port=facts.port, application=facts.application)
    if not call.scope.holds(facts.organisation) or facts.organisation not in organisations.names([facts.organisation]):
        raise Refused(refuse("not_found", kind="Organisation"))
    demand(rules.secured(facts.certificate, facts.key, facts.clients))
    demand(rules.addresses(facts.addresses))
    if facts.protocol == rules.MESSAGES:
        _demand_parties(call, facts)
    if facts.out is not None:
        _put_outward(row, facts, facts.out)
    elif facts.protocol == rules.MLLP:
        demand(rules.port(facts.port))
        _demand_alike(row, facts)
    row.name, row.owner, row.port = facts.name.strip(), facts.owner.strip(), facts.port
    row.application, row.facility = facts.application.strip(), facts.facility.strip()
    row.addresses, row.charset, row.mapping = list(facts.addresses), facts.charset, facts.mapping
    row.certificate, row.key, row.clients = facts.certificate, facts.key, facts.clients
    row.authorities, row.ordering = dict(facts.authorities), facts.ordering.value
    row.most_bytes, row.most_connections, row.depth = facts.most_bytes, facts.most_connections, facts.depth
    row.keep_days = facts.keep_days
    row.receiver_id, row.speaks_for = facts.receiver, list(facts.speaks_for)
    with clashes(endpoint_once="endpoint.taken", endpoint_once_message="endpoint.taken_message"):
        row.save()


def _demand_parties(call: Call, facts: Facts) -> None:
    """All that are named are institutions, and who sends is not who receives. Whom it speaks for lies within the
    caller's scope: else what is meant for an institution could be drawn to another's system."""
    named = {*facts.speaks_for, *([facts.receiver] if facts.receiver else [])}
    theirs = (facts.organisation, *facts.speaks_for)
    foreign = [key for key in facts.speaks_for if not call.scope.holds(key)]
    if foreign or named - organisations.names(named).keys() or facts.receiver in theirs:
        raise Refused(refuse("endpoint.parties"))


def _put_outward(row: Endpoint, facts: Facts, out: Outward) -> None:
    demand(outward.hours(out.opens, out.closes))
    demand(rules.their_port(facts.port))
    about("Endpoint", row.pk, host=out.host, to=out.to_application, carries=sorted(out.carries))
    row.host, row.secured, row.authority = out.host.strip(), out.secured, out.authority
    row.to_application, row.to_facility = out.to_application.strip(), out.to_facility.strip()
    row.standard, row.carries, row.rate = out.standard, sorted(out.carries), out.rate
    row.opens, row.closes, row.patience = out.opens, out.closes, out.patience
    row.most_tries, row.holds, row.credential = out.most_tries, out.holds, out.credential.strip()


def _demand_alike(row: Endpoint, facts: Facts) -> None:
    """Those that share a port share its certificate: it is shown before the sender has said who they are."""
    sharers = Endpoint.objects.unscoped(TAKEN).filter(port=facts.port, direction=Direction.IN).exclude(pk=row.pk)
    said = tuple(getattr(facts, name) for name in SECURED)
    if any(found != said for found in sharers.values_list(*SECURED)):
        raise Refused(refuse("endpoint.port_tls"))
