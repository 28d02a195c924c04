"""What each address of the house names, and a form that would do its work; made from the URLconf, none may lack."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver, reverse

from doorstep.kernel import clock
from doorstep.record.endpoints.rules.watching import OF_ENDPOINT, OF_HOUSE
from doorstep.registers.staff.tests import factory as staff
from tests.faults import endpoint_sides, imaging_sides, sheet_sides
from tests.faults.two_sides import AWAY, Side, World, number, tomorrow

Data = dict[str, Any]


@dataclass(frozen=True)
class Address:
    """A URL of the house: its name and its view."""

    name: str
    view: Callable[..., Any]

    @property
    def rule(self) -> str:
        """Who may enter."""
        return str(self.view.access_rule)  # type: ignore[attr-defined]  # every view has one, or the house does not start


@cache
def addresses() -> tuple[Address, ...]:
    """Every address of the URLconf."""
    return tuple(_walk(get_resolver(), ""))


def _walk(resolver: URLResolver, prefix: str) -> Iterator[Address]:
    for found in resolver.url_patterns:
        if isinstance(found, URLPattern):
            yield Address(f"{prefix}{found.name}", found.callback)
        else:
            space = found.namespace or found.app_name
            yield from _walk(found, f"{prefix}{space}:" if space else prefix)


def _keys(*names: str, **same: str) -> Callable[[World, Side], Data]:
    return lambda world, side: {n: getattr(side, n) for n in names} | {k: getattr(side, v) for k, v in same.items()}


def _entry(world: World, side: Side) -> Data:
    return {"resident": side.resident, "kind": "Observation", "key": side.observation}


def _nothing(world: World, side: Side) -> Data:
    return {}


def _letter(world: World, side: Side) -> Data:
    return {"letter": world.letter}


RESIDENT, PERSON, MESSAGE = _keys("resident"), _keys(key="person"), _keys("message")
ORGANISATION, CONSORTIUM = _keys(key="organisation"), _keys(key="consortium")

PATHS: dict[str, Callable[[World, Side], Data]] = {
    **dict.fromkeys(("start", "healthz", "metrics", "language", "exchange:list", "organisations:list"), _nothing),
    **dict.fromkeys(("residents:search", "residents:register", "residents:check_number"), _nothing),
    **dict.fromkeys(("staff:sign_in", "staff:sign_out", "staff:post", "staff:list", "staff:add"), _nothing),
    **dict.fromkeys(
        ("staff:second", "staff:sign_in_by_passkey", "staff:sign_in_city", "staff:sign_in_city_back"), _nothing
    ),
    **dict.fromkeys(
        ("staff:security", "staff:own_password", "staff:totp", "staff:remove_totp", "staff:codes"), _nothing
    ),
    **dict.fromkeys(("staff:passkey", "staff:end_session", "staff:confirm"), _nothing),
    "staff:remove_passkey": _keys(key="passkey"),
    **dict.fromkeys(("staff:reset_factors", "staff:identity"), PERSON),
    **dict.fromkeys(("organisations:tree", "organisations:add", "organisations:consortia"), _nothing),
    **dict.fromkeys(("system:outbox", "trail:search", "trail:verify", "system:style", "organisations:found"), _nothing),
    **dict.fromkeys(("portal:sign_in", "portal:code", "portal:who", "portal:by_card", "portal:sign_out"), _nothing),
    **dict.fromkeys(("portal:home", "portal:act_for", "portal:card", "portal:sign_ins", "portal:scan"), _nothing),
    **dict.fromkeys(("portal:end_sign_in", "charts:own", "consents:own", "consents:own_new"), _nothing),
    **dict.fromkeys(("trail:looks", "trail:own_objections", "trail:object", "trail:objections"), _nothing),
    **dict.fromkeys(("portal:desk", "portal:bind", "portal:issue"), RESIDENT),
    "portal:unbind": _keys("resident", "binding"),
    "portal:end_card": _keys("resident", "card"),
    "consents:own_withdraw": _keys("consent"),
    **dict.fromkeys(("trail:own_objection", "trail:own_move", "trail:objection"), _keys("objection")),
    **dict.fromkeys(("trail:unusual", "trail:unusual_lines", "trail:watched"), _nothing),
    "trail:end_watch": lambda world, side: {"watched": side.watched},
    **dict.fromkeys(("system:letter", "system:replay", "system:dismiss"), _letter),
    **dict.fromkeys(("residents:show", "residents:contacts", "residents:guardian"), RESIDENT),
    "residents:household": _keys(resident="other"),
    **dict.fromkeys(
        ("charts:summary", "charts:timeline", "charts:results", "charts:series", "charts:documents"), RESIDENT
    ),
    **dict.fromkeys(("charts:entry", "charts:changes", "charts:raw"), _entry),
    **dict.fromkeys(("charts:document", "charts:original"), _keys("resident", key="document")),
    "charts:embedded": _keys("resident", key="enclosing"),
    "consents:break_glass": RESIDENT,
    "consents:glasses": _nothing,
    **dict.fromkeys(("consents:list", "consents:new"), RESIDENT),
    "consents:withdraw": _keys("resident", "consent"),
    "consents:glass": _keys("glass"),
    "residents:end_guardian": _keys("resident", "guardian"),
    "residents:review": _nothing,
    "residents:review_pair": _keys("doubt"),
    "residents:review_undo": _keys("judgement"),
    "residents:index": RESIDENT,
    **dict.fromkeys(("residents:merge", "residents:separate"), _keys(resident="kept")),
    "residents:unmerge": _keys("merge", resident="kept"),
    **dict.fromkeys(("residents:explain", "residents:clusters"), _nothing),
    **dict.fromkeys(("residents:models", "residents:train", "residents:link_all"), _nothing),
    **dict.fromkeys(("residents:model", "residents:shadow", "residents:use_model"), _keys("model")),
    "residents:add_member": RESIDENT,
    "residents:remove_member": _keys("resident", "member"),
    "exchange:exports": _nothing,
    "exchange:sources": _nothing,
    "exchange:checks": _keys(source="organisation"),
    "exchange:cancel_export": _keys("export"),
    **dict.fromkeys(("exchange:one", "exchange:mend", "exchange:retry", "exchange:dismiss"), MESSAGE),
    **dict.fromkeys(("organisations:detail", "organisations:edit", "organisations:count"), ORGANISATION),
    "organisations:open_department": ORGANISATION,
    "organisations:close_department": _keys("department", key="organisation"),
    **dict.fromkeys(("organisations:consortium", "organisations:join", "organisations:agree"), CONSORTIUM),
    "organisations:leave": _keys("membership", key="consortium"),
    **dict.fromkeys(("organisations:agreement", "organisations:end_agreement"), _keys("agreement")),
    **dict.fromkeys(("staff:person", "staff:edit", "staff:begin_post", "staff:add_licence", "staff:account"), PERSON),
    "staff:end_post": _keys("post", key="person"),
    "staff:grant": PERSON,
    "staff:revoke_grant": _keys("grant", key="person"),
    **dict.fromkeys(("staff:roles", "staff:proposals"), _nothing),
    **dict.fromkeys(("staff:role", "staff:edit_role"), lambda world, side: {"role": "nurse"}),
    "staff:proposal": _keys("proposal"),
    "staff:keys": _keys("organisation"),
    "staff:revoke": _keys("organisation", "key"),
}

PATHS |= {
    **dict.fromkeys(("apps:authorize", "apps:token", "apps:introspect", "apps:revoke", "apps:keys"), _nothing),
    **dict.fromkeys(("apps:openid_configuration", "apps:mine", "apps:list", "apps:add"), _nothing),
    **dict.fromkeys(("apps:one", "apps:edit", "apps:rotate", "apps:switch"), _keys("app")),
    "apps:end": _keys("app", "authorization"),
    "apps:withdraw": _keys("authorization"),
    "apps:offers": RESIDENT,
    "apps:launch": _keys("resident", "app"),
}
PATHS |= {
    **dict.fromkeys(
        (
            "endpoints:list",
            "endpoints:add",
            "endpoints:add_target",
            "endpoints:rests",
            "endpoints:unsent",
            "endpoints:alerts",
            "endpoints:house_rules",
        ),
        _nothing,
    ),
    **dict.fromkeys(
        (
            "endpoints:mappings",
            "endpoints:standard_mapping",
            "endpoints:standard_table",
            "endpoints:try_mapping",
            "endpoints:use_standard_mapping",
        ),
        _nothing,
    ),
    **dict.fromkeys(
        ("endpoints:mapping", "endpoints:mapping_table", "endpoints:prove_mapping", "endpoints:use_mapping"),
        _keys("mapping"),
    ),
    **dict.fromkeys(
        ("endpoints:one", "endpoints:edit", "endpoints:switch", "endpoints:pause", "endpoints:rules"), _keys("endpoint")
    ),
    **dict.fromkeys(("endpoints:add_messages_in", "endpoints:add_messages_out"), _nothing),
    **dict.fromkeys(("endpoints:sent", "endpoints:replay_sent", "endpoints:dismiss_sent"), _keys("outbound")),
    "endpoints:note_alert": _keys("alert"),
    **dict.fromkeys(("endpoints:replay_all", "endpoints:upload"), _keys("endpoint")),
    **dict.fromkeys(("endpoints:message", "endpoints:mend", "endpoints:replay", "endpoints:dismiss"), _keys("inbound")),
}
PATHS |= sheet_sides.PATHS | imaging_sides.PATHS
PATHS |= {
    **dict.fromkeys(("booking:week", "booking:check_in", "booking:new_clinic", "booking:sanctions"), _nothing),
    **dict.fromkeys(("booking:clinic", "booking:roster", "booking:plan", "booking:shares"), _keys("clinic")),
    "booking:end_roster": _keys("clinic", "roster"),
    "booking:end_clinic": _keys(clinic="empty_clinic"),
    "booking:waiting": _keys("clinic"),
    "booking:withdraw": _keys("clinic", "wish"),
    **dict.fromkeys(("booking:session", "booking:call_next", "booking:wall"), _keys(session="sitting")),
    "booking:stop": _keys(session="later"),
    "booking:book": _keys(session="open_session"),
    "booking:move": _keys(session="planned"),
    **dict.fromkeys(("booking:appointment", "booking:confirm", "booking:release"), _keys("appointment")),
    "booking:desk": _keys(appointment="called"),
    **dict.fromkeys(("booking:sanction", "booking:appeal"), _keys("sanction")),
    **dict.fromkeys(("booking:own", "booking:own_new"), _nothing),
    "booking:own_department": _keys("department"),
    "booking:own_clinic": _keys(clinic="own_clinic"),
    "booking:own_wait": _keys(clinic="empty_clinic"),
    "booking:own_book": _keys(slot="own_slot"),
    **dict.fromkeys(("booking:own_release", "booking:own_stand"), _keys(session="sought")),
    "booking:own_withdraw": _keys(wish="own_wish"),
    "booking:own_sanction": _keys(sanction="own_sanction"),
    "booking:own_appointment": _keys(appointment="own_appointment"),
    **dict.fromkeys(("booking:own_cancel", "booking:own_calendar"), _keys(appointment="own_appointment")),
    "booking:own_answer": _keys(appointment="own_offer"),
}


PATHS |= {
    **dict.fromkeys(("referrals:desk", "referrals:measures"), _nothing),
    "referrals:new": RESIDENT,
    **dict.fromkeys(("referrals:show", "referrals:message", "referrals:escalate"), _keys("referral")),
    **dict.fromkeys(("referrals:write", "referrals:save", "referrals:hand_over"), _keys(referral="draft")),
    "referrals:move": lambda world, side: {"referral": side.referral, "name": "withdraw"},
    "referrals:discharge": _keys(referral="arrived"),
    **dict.fromkeys(
        ("referrals:paper", "referrals:paper_pdf"), lambda world, side: {"referral": side.referral, "part": "out"}
    ),
}


def _asking(world: World, side: Side) -> Data:
    return {"response_type": "code", "client_id": side.client_id, "redirect_uri": AWAY, "scope": "user/*.rs",
            "state": "s", "aud": "http://testserver/fhir", "code_challenge": "c" * 43,
            "code_challenge_method": "S256"}  # fmt: skip


def _app(world: World, side: Side) -> Data:
    return {"name": "新应用", "owner": "某公司", "organisation": side.organisation, "kind": "secret",
            "redirect_uris": AWAY, "scopes": "openid user/*.rs"}  # fmt: skip


QUERIES: dict[str, Callable[[World, Side], Data]] = {
    **dict.fromkeys(
        ("endpoints:standard_table", "endpoints:mapping_table"), lambda world, side: {"name": "values/gender.csv"}
    ),
    "apps:authorize": _asking,
    "referrals:desk": lambda world, side: {"box": "all", "q": side.text[:60]},
    "trail:object": lambda world, side: {"line": side.line},
    "trail:unusual": lambda world, side: {"kind": "neighbours"},
    "trail:unusual_lines": lambda world, side: {"kind": "bulk", "who": "staff:1", "day": clock.today().isoformat()},
    "booking:new_clinic": lambda world, side: {"at": side.organisation},
    "booking:week": lambda world, side: {"at": side.organisation},
    "booking:book": lambda world, side: {"q": side.number},
    "booking:waiting": lambda world, side: {"q": side.number},
    "charts:series": lambda world, side: {"code": "http://loinc.org|8480-6"},
    "charts:changes": lambda world, side: {"from": "1", "to": "2"},
    "staff:add": lambda world, side: {"organisation": side.organisation},
    "staff:begin_post": lambda world, side: {"organisation": side.organisation},
    "staff:list": lambda world, side: {"organisation": side.organisation},
    "residents:search": lambda world, side: {"q": side.number},
    "residents:add_member": lambda world, side: {"q": side.number},
    "residents:merge": lambda world, side: {"q": side.number},
    "residents:separate": lambda world, side: {"record": side.moved},
    "residents:explain": lambda world, side: {"left": world.a.record, "right": world.a.moved},
    "exchange:list": lambda world, side: {"state": "", "q": side.text[:20]},
    **imaging_sides.QUERIES,
}

FACTS: Data = {"name": "新机构", "type_code": "A100", "tier": "base", "status": "1", "area": "439921100101"}


def _person() -> Data:
    return {"name": "新人", "number": "NEW1", "sex": "1", "profession": "nurse", "role": "nurse",
            "since": clock.today().isoformat()}  # fmt: skip


def _bundle(side: Side) -> str:
    return (
        '{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Observation",'
        f'"id":"mended","status":"final","code":{{"text":"x"}},"subject":{{"reference":"Patient/{side.patient}"}}}}}}]}}'
    )


def _version(side: Side) -> int:
    from doorstep.kernel.call import EVERYWHERE
    from doorstep.registers.residents import api as residents

    return residents.header(EVERYWHERE, side.resident).version


def _since(**more: str) -> Callable[[World, Side], Data]:
    return lambda world, side: {"since": clock.today().isoformat(), **more}


def _contacts(world: World, side: Side) -> Data:
    return {"expect": _version(side), "phone": "13900001111", "address": "新地址"}


def _guardian(world: World, side: Side) -> Data:
    return {"expect": _version(side), "name": "监护", "relation": "10"}


def _grant(world: World, side: Side) -> Data:
    until = {"since": clock.today().isoformat(), "until": tomorrow()}
    return {"where": str(side.organisation), "permission": "charts.raw", "why": "会诊", **until}


def _consent(world: World, side: Side) -> Data:
    signed = {"decision": "permit", "signer": "self", "signer_name": "某某", "other": side.partner}
    return {**signed, "confirm": "1"}


def _agreement(world: World, side: Side) -> Data:
    parties = [side.organisation, side.partner]
    return {"title": "新协议", "matter": "referral", "parties": parties, "since": clock.today().isoformat()}


def _join(world: World, side: Side) -> Data:
    joins = world.b.organisation if side is world.a else world.a.organisation
    return {"organisation": joins, "role": "member", "tier": "base", "since": clock.today().isoformat()}


def _referral(world: World, side: Side) -> Data:
    return {"kind": "up", "service": "outpatient", "urgency": "routine", "transport": "own", "escort": "none",
            "present": side.text[:60], "expect": 1}  # fmt: skip


FORMS: dict[str, Callable[[World, Side], Data]] = {
    "referrals:new": _nothing,
    **dict.fromkeys(("referrals:write", "referrals:save"), _referral),
    "referrals:move": lambda world, side: {"withdraw-reason": "mistake", "withdraw-expect": 2},
    "referrals:message": lambda world, side: {"text": "请答复"},
    "referrals:escalate": lambda world, side: {"note": "没有答复", "expect": 2},
    "referrals:hand_over": lambda world, side: {"colleague": side.person, "expect": 1},
    "referrals:discharge": lambda world, side: {
        "at": f"{clock.now().astimezone(clock.CHINA):%Y-%m-%dT%H:%M:%S}",
        "expect": 4,
    },
    "portal:sign_in": lambda world, side: {"phone": "13700000009"},
    "portal:code": lambda world, side: {"code": "000000"},
    "portal:who": lambda world, side: {"name": side.text[:60], "number": side.number},
    "portal:by_card": lambda world, side: {"card": "DSC1" + "A" * 32, "pin": "294817"},
    "portal:sign_out": _nothing,
    "portal:act_for": lambda world, side: {"ward": side.child},
    "portal:end_sign_in": lambda world, side: {"session": "others"},
    "portal:scan": lambda world, side: {"text": side.card_text},
    "portal:bind": lambda world, side: {"phone": "13700000008", "seen": "on"},
    "portal:unbind": _nothing,
    "portal:issue": lambda world, side: {"pin": "294817", "seen": "on"},
    "portal:end_card": _nothing,
    "consents:own_new": lambda world, side: {"organisation": side.organisation, "decision": "deny", "confirm": "1"},
    "consents:own_withdraw": _nothing,
    "trail:object": lambda world, side: {"line": side.line, "text": "这一次不应该看"},
    "trail:own_move": lambda world, side: {"move": "withdraw", "expect": 1},
    "trail:objection": lambda world, side: {"move": "take", "expect": 1},
    "language": lambda world, side: {"language": "en", "next": "/"},
    "staff:sign_in": lambda world, side: {"username": "nobody", "password": "not-it-at-all"},
    "staff:sign_out": _nothing,
    "staff:post": lambda world, side: {"post": side.post},
    "residents:register": lambda world, side: {"name": "新居民", "resident_id": number(77, 1)},
    "consents:break_glass": lambda world, side: {"reason": "emergency", "words": "抢救病人", "hours": 4},
    "consents:new": _consent,
    "consents:withdraw": _nothing,
    "consents:glass": lambda world, side: {"expect": 1, "verdict": "justified", "words": "看过"},
    "residents:contacts": _contacts,
    "residents:guardian": _guardian,
    "residents:end_guardian": lambda world, side: {"expect": _version(side)},
    "residents:household": lambda world, side: {"address": "新家"},
    "residents:add_member": lambda world, side: {"expect": 2, "resident": side.other, "relation": "20"},
    "residents:remove_member": lambda world, side: {"expect": 2},
    "residents:merge": lambda world, side: {"with": side.third, "kept": side.kept, "note": "看过"},
    "residents:separate": lambda world, side: {"record": side.moved},
    "residents:unmerge": _nothing,
    "residents:review_pair": lambda world, side: {"expect": 1, "answer": "different", "note": "看过"},
    "residents:review_undo": _nothing,
    **dict.fromkeys(("residents:train", "residents:link_all", "residents:shadow", "residents:use_model"), _nothing),
    "exchange:mend": lambda world, side: {"text": _bundle(side)},
    "exchange:retry": _nothing,
    "exchange:dismiss": lambda world, side: {"reason": "不要了"},
    "exchange:cancel_export": _nothing,
    "exchange:checks": lambda world, side: {"level": "invariants", "expect": 0},
    "organisations:add": lambda world, side: FACTS,
    "organisations:edit": lambda world, side: {**FACTS, "expect": 1},
    "organisations:count": lambda world, side: {"kind": "beds", "number": 7, "counted_on": clock.today().isoformat()},
    "organisations:open_department": _since(code="77", name="新科"),
    "organisations:close_department": lambda world, side: {"last_day": tomorrow()},
    "organisations:found": _since(key="new-one", name="新医共体", kind="county_community", area="439921000000"),
    "organisations:join": _join,
    "organisations:leave": lambda world, side: {"last_day": tomorrow(), "expect": 1},
    "organisations:agree": _agreement,
    "organisations:end_agreement": lambda world, side: {"last_day": tomorrow(), "expect": 1},
    "staff:add": lambda world, side: _person(),
    "staff:edit": lambda world, side: {**_person(), "expect": 1},
    "staff:begin_post": _since(role="physician"),
    "staff:end_post": lambda world, side: {"last_day": tomorrow(), "expect": 1},
    "staff:add_licence": _since(kind="nurse_practice", number="202044000001"),
    "staff:account": lambda world, side: {"password": "another-Long-1"},
    "staff:grant": _grant,
    "staff:revoke_grant": lambda world, side: {"expect": 1},
    "staff:edit_role": lambda world, side: {"permissions": ["staff.read"], "why": "少给些", "expect": 0},
    "staff:proposal": lambda world, side: {"move": "confirm", "expect": 1},
    "staff:keys": _since(name="检验系统"),
    "staff:second": lambda world, side: {"code": "123456"},
    "staff:sign_in_by_passkey": lambda world, side: {"response": "{}"},
    "staff:own_password": lambda world, side: {
        "old": staff.PASSWORD,
        "new": "Quite-new-one-1",
        "again": "Quite-new-one-1",
    },
    "staff:totp": lambda world, side: {"code": "000000"},
    "staff:remove_totp": _nothing,
    "staff:codes": _nothing,
    "staff:passkey": lambda world, side: {"response": "{}", "name": side.text[:60]},
    "staff:remove_passkey": _nothing,
    "staff:end_session": lambda world, side: {"session": "others"},
    "staff:confirm": lambda world, side: {"password": "wrong-one-77"},
    "staff:reset_factors": _nothing,
    "staff:identity": lambda world, side: {"subject": side.text[:60]},
    "staff:revoke": lambda world, side: {"expect": 1},
    "system:replay": _nothing,
    "system:dismiss": lambda world, side: {"reason": "不要了"},
    "apps:authorize": lambda world, side: {"answer": "allow"},
    "apps:add": _app,
    "apps:edit": lambda world, side: {**_app(world, side), "expect": 1},
    "apps:rotate": lambda world, side: {"expect": 1},
    "apps:switch": lambda world, side: {"expect": 1, "on": "0"},
    **dict.fromkeys(("apps:end", "apps:withdraw", "apps:launch"), _nothing),
    "trail:verify": _nothing,
    "trail:watched": lambda world, side: {"number": side.third_number, "reason": "看过"},
    "trail:end_watch": _nothing,
    "system:style": lambda world, side: {"name": "王"},
}


def _days(first: int, last: int) -> Data:
    since, until = (clock.today() + timedelta(days=days) for days in (first, last))
    return {"since": since.isoformat(), "until": until.isoformat()}


def _span() -> Data:
    return {"since": clock.today().isoformat(), "until": tomorrow()}


def _clinic(world: World, side: Side) -> Data:
    return {"department": side.department, "name": "新门诊", "kind": "device", "fee_level": "free"}


def _weekdays(world: World, side: Side) -> Data:
    return {"weekdays": ["1"], "starts": "23:50", "ends": "23:59", "minutes": 9, "together": 1, "basis": "support",
            "since": clock.today().isoformat()}  # fmt: skip


FORMS |= {
    "endpoints:add": lambda world, side: endpoint_sides.form(side),
    "endpoints:add_messages_in": lambda world, side: endpoint_sides.messages_in(side),
    "endpoints:add_messages_out": lambda world, side: endpoint_sides.messages_out(side),
    "endpoints:edit": lambda world, side: {**endpoint_sides.form(side), "expect": 1},
    "endpoints:switch": lambda world, side: {"on": "0", "expect": 1},
    "endpoints:pause": lambda world, side: {"paused": "1", "expect": 1},
    "endpoints:rules": lambda world, side: endpoint_sides.rules(OF_ENDPOINT),
    "endpoints:house_rules": lambda world, side: endpoint_sides.rules(OF_HOUSE),
    "endpoints:note_alert": lambda world, side: {"expect": 1, "text": "正在处理"},
    "endpoints:mappings": lambda world, side: {"organisation": side.organisation, "note": "新版本"},
    "endpoints:use_standard_mapping": lambda world, side: {"organisation": side.organisation},
    "endpoints:mapping": lambda world, side: {"name": "segments/ZPI.csv"},
    "endpoints:mapping_table": lambda world, side: {"expect": 1, "text": "from,to,note\n"},
    **dict.fromkeys(("endpoints:prove_mapping", "endpoints:use_mapping"), lambda world, side: {"expect": 1}),
    "endpoints:try_mapping": lambda world, side: {"text": "MSH|^~\\&|X"},
    "endpoints:upload": lambda world, side: endpoint_sides.uploaded(),
    "endpoints:mend": lambda world, side: {"text": "MSH|^~\\&|X"},
    "endpoints:dismiss": lambda world, side: {"reason": "不要了"},
    "endpoints:add_target": lambda world, side: endpoint_sides.target_form(side),
    "endpoints:dismiss_sent": lambda world, side: {"reason": "不要了"},
    **dict.fromkeys(("endpoints:replay", "endpoints:replay_all", "endpoints:replay_sent"), _nothing),
}
FORMS |= sheet_sides.FORMS | imaging_sides.FORMS
FORMS |= {
    "booking:check_in": lambda world, side: {"code": side.called},
    "booking:new_clinic": _clinic,
    "booking:roster": _weekdays,
    "booking:end_roster": _nothing,
    "booking:plan": lambda world, side: _days(5, 6),
    "booking:shares": _since(referral="30"),
    "booking:end_clinic": lambda world, side: {"expect": 1},
    "booking:waiting": lambda world, side: {"resident": side.third, **_span()},
    "booking:withdraw": _nothing,
    "booking:move": lambda world, side: {"move": "publish", "expect": 1},
    "booking:call_next": _nothing,
    "booking:stop": lambda world, side: {"why": "停电", "expect": 2},
    "booking:book": lambda world, side: {
        "resident": side.kept,
        "slot": side.open_slot,
        "channel": "window",
        "how": "book",
    },
    "booking:confirm": _nothing,
    "booking:release": lambda world, side: {"why": "有事"},
    "booking:desk": lambda world, side: {"move": "pass_over"},
    "booking:sanction": lambda world, side: {"words": "有证明", "how": "lift", "expect": 1},
    "booking:appeal": lambda world, side: {"words": "住院了"},
    **dict.fromkeys(("booking:own_book", "booking:own_release", "booking:own_withdraw"), _nothing),
    "booking:own_wait": lambda world, side: {"until": tomorrow()},
    "booking:own_sanction": lambda world, side: {"words": "住院了"},
    "booking:own_cancel": lambda world, side: {"why": "有事"},
    "booking:own_answer": lambda world, side: {"answer": "accept"},
}


@dataclass(frozen=True)
class Asked:
    """A request as a test makes it."""

    path: str
    query: Data = field(default_factory=dict)
    form: Data = field(default_factory=dict)

    @property
    def url(self) -> str:
        """The address with its query."""
        from django.http import QueryDict

        query = QueryDict(mutable=True)
        for name, value in self.query.items():
            query[name] = str(value)
        return f"{self.path}?{query.urlencode()}" if self.query else self.path


def ask_for(name: str, world: World, side: Side) -> Asked:
    """The request for an address about one side's things; a new address must be given a sample here."""
    if name not in PATHS:
        raise AssertionError(f"{name} is a new address: say in tests/faults/samples.py what it names (and its form)")
    query = QUERIES[name](world, side) if name in QUERIES else {}
    form = FORMS[name](world, side) if name in FORMS else {}
    return Asked(reverse(name, kwargs=PATHS[name](world, side)), query, form)
