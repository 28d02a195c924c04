"""From a referral to the texts of a page and of paper."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext

from doorstep.services.referrals.pages import words
from doorstep.services.referrals.rules import kinds, triggers
from doorstep.services.referrals.rules.letters import FIELDS, Part
from doorstep.services.referrals.shapes import Change, Detail, Letter


def shown(found: Detail) -> dict[str, Any]:
    """What was asked, in words; the letters; the history; the enclosures with where the chart shows them."""
    line, wish = found.line, found.wish
    return {
        "kind": gettext(kinds.KINDS[kinds.Kind(line.kind)]),
        "service": gettext(kinds.SERVICES[kinds.Service(line.service)]),
        "urgency": gettext(kinds.URGENCIES[kinds.Urgency(line.urgency)]),
        "urgency_tone": {"emergency": "solid", "urgent": "bad"}.get(line.urgency, ""),
        "sex": words.said(words.SEXES, [found.person.sex]),
        "criteria": [f"{code} {text}" for code in wish.criteria for text in words.said(kinds.CRITERIA, [code])],
        "seen": [gettext(each.words) for each in triggers.SEEN if each.code in wish.seen],
        "consent": [
            *words.said(kinds.CONSENTERS, [wish.consenter]),
            wish.consent_name,
            *words.said(kinds.CHANNELS, [wish.consent_channel]),
        ],
        "transport": [*words.said(kinds.TRANSPORTS, [wish.transport]), *words.said(kinds.ESCORTS, [wish.escort])],
        "out_rows": _letter(found.out),
        "back_rows": _letter(found.back),
        "history": [_step(change) for change in found.changes],
        "enclosures": [
            (one, f"/charts/{found.resident}/{one.kind}/{one.key}/") for one in wish.enclosures
        ],
    }  # fmt: skip


def _letter(letter: Letter | None) -> list[tuple[str, str]]:
    """The letter's fields with their words, those that were filled."""
    if letter is None:
        return []
    return [(gettext(label), letter.body.get(name, "")) for name, label in FIELDS[Part(letter.part)].items()]


def _step(change: Change) -> dict[str, Any]:
    """A step of the history: what was done, by whom, why."""
    _label, symbol, done = words.MOVES[change.move]
    who = " ".join(part for part in (change.organisation_name, change.actor_name) if part)
    reason = words.reason(change.reason)
    return {
        "title": gettext(done),
        "symbol": symbol,
        "at": change.at,
        "who": f"{who} · {reason}" if reason else who,
        "note": change.note,
    }
