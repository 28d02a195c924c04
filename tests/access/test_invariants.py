"""What holds of the tables whoever writes them: ``tools/access_matrix.py write`` cannot bless a hole."""

from __future__ import annotations

from collections.abc import Iterator

from doorstep.kernel.web.pages import Rule
from doorstep.registers.staff.rules import GRANTABLE, OUTSIDE, ROLES, Duty, Reach
from tests.access import table
from tests.access.situations import CHOSEN, COLUMNS, FREE, held
from tests.access.table import ALLOWED, Key

PUBLIC = {
    "organisations:detail": "what an institution is to the public",
    "organisations:consortium": "who is in a consortium is public; its agreements are not",
    "staff:role": "what a role may do is no secret among staff",
    "staff:edit_role": "a role belongs to the whole district, and so do those who change it",
    "sheets:template": "what a sheet of a kind looks like; it holds nothing of anybody's",
    "sheets:plain_template": "the same",
    "system:letter": "the machinery's, for those who hold the permission",
    "system:dismiss": "the machinery's",
    "system:replay": "the machinery's",
}
"""Addresses whose things belong to no institution: they open whatever the bounds (but never show what is another's)."""

STILL = {
    "booking:check_in": "the sample's code is no appointment's",
    "endpoints:mapping": "it leads to the page of the file that is named",
    "endpoints:try_mapping": "a sample is only tried",
    "exchange:retry": "what the sample's message waits for has not come",
    "language": "only the language of the pages, in a cookie",
    "portal:code": "no code was asked for in this browser",
    "portal:who": "no number was proved in this browser",
    "portal:by_card": "the sample's card is none",
    "portal:sign_out": "only the session ends",
    "portal:act_for": "only the session changes",
    "portal:end_sign_in": "only sessions end",
    "portal:scan": "the sample's code is none",
    "staff:sign_in": "the sample's name and password are wrong",
    "staff:sign_out": "only the session ends",
    "staff:post": "only the session changes",
    "staff:second": "the sample's code is wrong",
    "staff:sign_in_by_passkey": "the sample's answer is not a passkey's",
    "staff:totp": "the sample's code is wrong",
    "staff:remove_totp": "there is none",
    "staff:codes": "there is no second factor that they belong to",
    "staff:passkey": "the sample's answer is not a passkey's",
    "staff:remove_passkey": "it is another's",
    "staff:end_session": "only sessions end",
    "staff:confirm": "the sample's password is wrong",
    "system:style": "shows the components",
    "trail:verify": "only reads",
}
"""Forms whose sample changes nothing, and why."""

CASES = sorted(table.read())


def cells(key: Key) -> Iterator[tuple[str, str]]:
    """The columns of a row with what stands in them."""
    row = table.read()[key]
    return ((role, row[role]) for role in COLUMNS)


def everywhere(role: str) -> bool:
    """Whether the whole district is within the role's bounds."""
    return role in ROLES and ROLES[role].reach is Reach.DISTRICT


def may(role: str, rule: str, situation: str) -> bool:
    """Whether the role can have what the address asks for at all."""
    if rule == Rule.ANYONE:
        return True
    if rule in FREE:
        return role != "stranger" and not (rule == Rule.SIGNED_IN and role in OUTSIDE)
    given = situation == "granted" and role in ROLES and not everywhere(role) and rule in GRANTABLE
    return given or rule in held(role)


def beyond(key: Key, role: str) -> str:
    """Why an allowed cell is a hole; "" where it is none."""
    name, _method, situation = key
    rule = table.read()[key]["rule"]
    if not may(role, rule, situation):
        return "lacks the permission"
    if role in OUTSIDE and name in CHOSEN:
        return ""
    if situation.startswith("outside") and not everywhere(role) and name not in PUBLIC and rule not in FREE:
        return "belongs to another consortium"
    return ""


def test_nobody_is_let_in_by_the_table_alone() -> None:
    """Without the permission nobody enters, a stranger only what is for anyone; another consortium's opens to none."""
    holes = [
        f"{' '.join(key)}: {role} is let in and {why}"
        for key in CASES
        for role, cell in cells(key)
        if cell in ALLOWED and (why := beyond(key, role))
    ]
    assert not holes, "\n".join(holes)


def test_a_chart_opens_whole_only_to_a_reason() -> None:
    """Without a relation only what the own institution sent, or nothing (but to those who run the exchange)."""
    charts = [key for key in CASES if key[0].startswith("charts:") and key[0] != "charts:own"]
    for key in charts:
        whole = [role for role, cell in cells(key) if cell in ("yes", "still") and role != "exchange_operator"]
        assert key[2] in {"own", "consent", "glass", "granted"} or not whole, f"{key} opens whole to {whole}"
        partly = [role for role, cell in cells(key) if cell == "own"]
        assert key[2] == "unrelated" or not partly, f"{key}: {partly}"
    assert {key[2] for key in charts} >= {"own", "unrelated", "member", "outside", "consent", "glass", "expired"}


def test_what_has_ended_or_does_not_reach_is_as_if_it_were_not() -> None:
    """An ended grant, consent or break-glass gives what none gives; and none of them reaches another consortium."""
    rows = table.read()
    for key in (key for key in CASES if key[2] in ("expired", "outside, opened")):
        plain = (*key[:2], "member" if key[2] == "expired" else "outside")
        rule = rows[key]["rule"]
        held_already = {role for role in OUTSIDE if rule in held(role)}
        said = [(role, cell) for role, cell in cells(key) if cell != "holds" and role not in held_already]
        if plain in rows:
            assert said == [(role, rows[plain][role]) for role, _ in said], key
        else:
            assert not [role for role, cell in said if cell in ALLOWED], key


def test_every_form_does_its_work_for_somebody() -> None:
    """The table can fail: each form, sent by one who may, changes something, or it is said here why not."""
    posts = {name for name, method, _ in CASES if method == "POST"}
    done = {key[0] for key in CASES if key[1] == "POST" and "yes" in dict(cells(key)).values()}
    assert posts - done == set(STILL)


def test_an_auditor_changes_nothing() -> None:
    """Audit administrators only examine (GB/T 22239-2019 §8.1.4): no form under a permission does their will."""
    auditors = [code for code, role in ROLES.items() if role.duty is Duty.AUDIT]
    rows = table.read()
    for key in CASES:
        if key[1] == "POST" and rows[key]["rule"] not in FREE:
            assert {rows[key][each] for each in auditors} & ALLOWED <= {"still"}, key


def test_both_answers_occur_in_every_column() -> None:
    """A table of refusals alone, or of none, would prove nothing of a role."""
    for role in COLUMNS:
        said = {dict(cells(key))[role] for key in CASES}
        assert said & ALLOWED, role
        assert said & {"403", "login"}, role


def test_what_is_not_bounded_is_for_the_district_alone() -> None:
    """Trail and dead letters know no institution, so only roles that stand for the whole district hold them."""
    for name, role in ROLES.items():
        wide = {p for p in role.permissions if p.startswith(("trail.", "outbox."))}
        assert not wide or role.reach is Reach.DISTRICT, name
