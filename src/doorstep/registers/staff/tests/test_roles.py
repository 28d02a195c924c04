"""What roles may do and what keeps duties apart, as properties; the flow of a proposal."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.kernel.testing.contracts import FlowContract
from doorstep.registers.staff import flow, rules
from doorstep.registers.staff.reads.rights import declared
from doorstep.registers.staff.rules.roles import OWN

ROLE = st.sampled_from(sorted(rules.ROLES))
DAY = st.dates(date(2020, 1, 1), date(2022, 1, 1))
KNOWN = st.sampled_from(sorted(declared()))
SPAN = st.tuples(DAY, st.none() | st.integers(0, 300)).map(
    lambda s: (s[0], None if s[1] is None else s[0] + timedelta(days=s[1]))
)


def test_roles_of_the_field_are_all_there_and_the_seed_is_fit() -> None:
    wanted = {
        "bureau_manager", "consortium_manager", "referral_desk", "physician", "specialist", "nurse", "pharmacist",
        "technician", "family_doctor", "village_doctor", "public_health_worker", "elder_care_home",
        "quality_controller", "privacy_officer", "auditor", "administrator",
    }  # fmt: skip
    assert wanted <= set(rules.ROLES)
    assert set(rules.OUTSIDE) == {"resident", "guardian"}
    assert not set(rules.OUTSIDE) & set(rules.ROLES)
    for code, role in rules.ROLES.items():
        assert rules.fit(code, role.permissions, declared()).allowed, code
    assert rules.keepers({code: role.permissions for code, role in rules.ROLES.items()}).allowed


@given(ROLE, st.frozensets(KNOWN), st.frozensets(KNOWN))
def test_what_is_held(role: str, changed: frozenset[str], granted: frozenset[str]) -> None:
    """A change replaces the seed, a grant only adds; nothing is added to the whole district, and never the right to
    give rights."""
    assert rules.held(role, None, ()) == rules.ROLES[role].permissions
    found = rules.held(role, changed, granted)
    assert changed <= found <= changed | (granted & rules.GRANTABLE)
    if rules.ROLES[role].reach is rules.Reach.DISTRICT:
        assert found == changed
    assert not {"staff.edit", "staff.roles", "trail.read"} & (found - changed)


@given(ROLE, st.frozensets(KNOWN | st.text(max_size=8)))
def test_what_is_fit(role: str, wanted: frozenset[str]) -> None:
    verdict = rules.fit(role, wanted, declared())
    writes = any(not rules.reads_only(p) for p in wanted)
    if not wanted <= declared():
        assert verdict.reason == "role.undeclared"
    elif wanted & OWN:
        assert verdict.reason == "role.outside", "what is the resident's alone is given to no post"
    elif rules.ROLES[role].duty is rules.Duty.AUDIT:
        assert verdict.allowed != writes
    elif rules.ROLES[role].reach is rules.Reach.DISTRICT:
        assert verdict.allowed
    else:
        assert verdict.allowed != any(p.startswith(("trail.", "outbox.", "staff.roles")) for p in wanted)


@given(ROLE, SPAN, ROLE, SPAN)
def test_duties_are_kept_apart(one: str, span: rules.Span, other: str, during: rules.Span) -> None:
    """It is the same whoever came first; only duties that clash at one time are refused, day by day."""
    verdict = rules.apart(one, span, [(other, during)])
    assert verdict == rules.apart(other, during, [(one, span)])
    days = [date(2020, 1, 1) + timedelta(days=n) for n in range(1200)]
    together = any(rules.holds(*span, day) and rules.holds(*during, day) for day in days)
    duties = {rules.ROLES[one].duty, rules.ROLES[other].duty}
    audits = rules.Duty.AUDIT in duties and bool(duties & {rules.Duty.SYSTEM, rules.Duty.BUSINESS, rules.Duty.SECURITY})
    clash = audits or duties == {rules.Duty.SYSTEM, rules.Duty.SECURITY}
    assert verdict.allowed != (together and clash)


@given(st.uuids(), st.uuids())
def test_nobody_gives_to_themselves(one: object, other: object) -> None:
    assert not rules.oneself(f"staff:{one}", one).allowed
    assert rules.oneself(f"staff:{one}", other).allowed == (one != other)
    assert rules.oneself(f"system:{one}", one).allowed


@given(ROLE, KNOWN | st.text(max_size=8))
def test_what_may_be_granted_is_what_a_grant_gives(role: str, permission: str) -> None:
    if rules.grantable(role, permission, declared()).allowed:
        assert permission in rules.held(role, (), {permission})
    else:
        assert permission not in rules.held(role, (), {permission})


def test_two_roles_must_go_on_giving_rights() -> None:
    held = {code: role.permissions for code, role in rules.ROLES.items()}
    assert rules.keepers(held | {"administrator": frozenset()}).reason == "role.keepers"


class TestFlow(FlowContract):
    flow = flow.PROPOSAL
    column = ("staff_proposal", "proposal_state")

    def facts(self) -> st.SearchStrategy[flow.Facts]:
        return st.builds(flow.Facts, st.booleans(), st.booleans(), st.booleans())


@given(st.builds(flow.Facts, st.booleans(), st.booleans(), st.booleans()))
def test_only_another_who_gains_nothing_confirms_in_time(facts: flow.Facts) -> None:
    verdict, _state = flow.PROPOSAL.step("confirm", flow.State.OPEN, facts)
    assert verdict.allowed == (not facts.own and not facts.serves_mover and not facts.over)
    assert flow.PROPOSAL.step("withdraw", flow.State.OPEN, facts)[0].allowed == facts.own


@pytest.mark.parametrize("permission", sorted(declared()))
def test_what_an_auditor_may_hold_only_reads(permission: str) -> None:
    assert rules.reads_only(permission) == permission.endswith((".read", ".raw"))
