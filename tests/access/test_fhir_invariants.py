"""What holds of ``fhir.csv`` whoever writes it."""

from __future__ import annotations

from collections.abc import Iterator

from doorstep.registers.staff.rules import ROLES
from tests.access import fhir
from tests.access.test_fhir import kept

TO_ALL = {"metadata", "metadata of terminology", "smart-configuration", "healthz"}
KEYS = ("key", "app", "app reading")
BOOKS = ("$hold", "$book")
"""Who may book takes a place for somebody whom they know."""
RUNS = "exchange_operator"
"""Who keeps the exchange running for the whole district reads what has gone wrong anywhere, on the pages as here."""


def rows(*situations: str) -> Iterator[tuple[fhir.Interaction, str, dict[str, str]]]:
    """The rows of some situations (of all) with what was asked."""
    asked = {each.name: each for each in fhir.interactions()}
    for (name, situation), row in kept().items():
        if not situations or situation in situations:
            yield asked[name], situation, row


def test_without_a_good_key_nothing_is_said() -> None:
    """No token, a forged, a revoked or an ended one: 401, but for what the door says to all."""
    for asked, situation, row in rows():
        dead = {row[name] for name in ("none", "forged", "revoked", "ended")}
        assert dead == ({"yes"} if asked.name in TO_ALL else {"401"}), (asked.name, situation)


def test_nothing_of_another_institution_is_shown_without_a_reason() -> None:
    """To no system ever; to a post's app of a member only the person in context, by consent or break-glass."""
    for asked, situation, row in rows("member", "outside", "consent", "glass", "outside, opened", "expired"):
        if not asked.shows:
            continue
        shown = {name for name in (*KEYS, *ROLES) if row[name] == "yes"} - {RUNS}
        reason = situation in ("consent", "glass")
        assert not (shown if not reason else shown & set(KEYS)), (asked.name, situation, shown)


def test_what_has_ended_or_does_not_reach_is_as_if_it_were_not() -> None:
    table = kept()
    for asked, situation, row in rows("expired", "outside, opened"):
        plain = table[asked.name, "member" if situation == "expired" else "outside"]
        said = {name: cell for name, cell in row.items() if cell}
        assert said == {name: plain[name] for name in said}, (asked.name, situation)


def test_who_may_only_read_writes_nothing() -> None:
    """Neither by read-only scopes nor, whatever the scopes, from a post that may not send records, or may not book."""
    for asked, situation, row in rows():
        if asked.writes and "$export" not in asked.name and asked.name != "export delete":
            right = "booking.book" if asked.name.endswith(BOOKS) else "exchange.send"
            mute = [name for name, role in ROLES.items() if right not in role.permissions]
            wrote = [name for name in ("app reading", *mute) if row[name] == "yes"]
            assert not wrote, (asked.name, situation, wrote)


def test_an_institution_s_own_key_can_do_all() -> None:
    """The table can fail: what is refused elsewhere is done here."""
    for asked, _situation, row in rows("own"):
        assert row["key"] == "yes", asked.name
        assert row["app"] == "yes", asked.name


def test_a_person_s_app_reads_whole_only_where_the_page_would() -> None:
    """Consent opens to those within sight, break-glass to those who may break it, as a chart does."""
    for asked, situation, row in rows("consent", "glass"):
        if asked.name == "read":
            assert row["physician"] == "yes"
            assert (row["referral_desk"] == "yes") is (situation == "consent")
            assert row["pharmacist"] != "yes"
