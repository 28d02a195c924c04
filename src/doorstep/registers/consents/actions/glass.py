"""Break-glass: opened at once by one person for one resident, told, and reviewed afterwards."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from doorstep.kernel import clock, sensitive
from doorstep.kernel.act import about, action
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused, demand, refuse
from doorstep.kernel.ids import new_id
from doorstep.kernel.store import lock
from doorstep.registers.consents import rules
from doorstep.registers.consents.access import Permission
from doorstep.registers.consents.models import BreakGlass, Reason, Relation, Verdict
from doorstep.registers.consents.reads.basis import terms
from doorstep.registers.consents.rules import Why
from doorstep.registers.residents import api as residents


@action(Permission.BREAK_GLASS, audits="consents.break_glass")
def break_glass(call: Call, *, resident: UUID, reason: str, words: str, hours: int) -> UUID:
    """Open a resident's whole record, sensitive kinds too, to the caller alone, from now for some hours. It waits for
    review from then on.

    ``Refused``: ``not_found`` outside the scope, ``glass.*`` where hours or words are wrong.
    """
    found = residents.header(call.scope, resident)
    about("Resident", found.id, resident=found.id)
    if not call.actor.startswith("staff:") or call.organisation is None:
        raise Refused(refuse("glass.nobody"))
    demand(rules.glass(hours, words, terms(call)))
    now, key = call.at, new_id()
    relation = Relation.objects.create(
        resident_id=found.id, first=found.id, person=call.actor, basis=Why.BREAK_GLASS.value, since=now,
        until=now + timedelta(hours=hours), reference=f"BreakGlass/{key}", maker=call.actor,
        kinds=sensitive.UNWEIGHED,
    )  # fmt: skip
    BreakGlass.objects.create(
        id=key, relation=relation, organisation_id=call.organisation, name=call.name, reason=Reason(reason).value,
        words=words.strip(), due=rules.due(now),
    )  # fmt: skip
    about("BreakGlass", key, resident=found.id, reason=reason, hours=hours)
    return key


@action(Permission.REVIEW, audits="consents.review")
def review(call: Call, *, glass: UUID, expect: int, verdict: str, words: str) -> None:
    """Say whether a break-glass was justified; whoever finds that it was not ends it, if it still runs.

    ``Refused``: ``not_found`` outside the scope, ``glass.*``; ``Stale`` where somebody else reviewed it meanwhile.
    """
    row = lock(BreakGlass, glass, scope=call.scope, expect=expect)
    relation = Relation.objects.unscoped("of a break-glass that is within the scope").get(pk=row.relation_id)
    about("BreakGlass", glass, resident=relation.resident_id, verdict=verdict)
    demand(
        rules.review(
            waiting=row.verdict == Verdict.WAITING, own=relation.person == call.actor, verdict=verdict, words=words
        )
    )
    row.verdict, row.reviewed_words, row.version = verdict, words.strip(), row.version + 1
    row.reviewed_by, row.reviewed_name, row.reviewed_at = call.actor, call.name, clock.now()
    row.save()
    if verdict == Verdict.UNJUSTIFIED and relation.until is not None and relation.until > row.reviewed_at:
        relation.until, relation.ended = row.reviewed_at, "unjustified"
        relation.save(update_fields=["until", "ended"])
