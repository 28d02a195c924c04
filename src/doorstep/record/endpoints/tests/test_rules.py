"""What an endpoint may be, in which turn its messages come, when it should be looked at, and the words for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.record.endpoints.rules import facts, turns, words
from doorstep.record.endpoints.rules.facts import SLOTS, Alarm, Ordering
from doorstep.record.endpoints.tests.kit import oru

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)


class TestFacts:
    @pytest.mark.parametrize(("number", "allowed"), [(1023, False), (1024, True), (2575, True), (65536, False)])
    def test_ports_that_need_no_rights(self, number, allowed):
        assert facts.port(number).allowed is allowed

    def test_networks(self):
        assert facts.addresses(["10.1.2.3", "10.0.0.0/8", "fd00::/8"]).allowed
        assert facts.addresses(["10.0.0.0/8", "host.example"]).detail == {"address": "host.example"}
        allowed = facts.networks(["10.20.0.0/16"])
        assert facts.may_come_from("10.20.3.4", allowed)
        assert facts.may_come_from("::ffff:10.20.3.4", allowed)
        assert not facts.may_come_from("10.21.3.4", allowed)
        assert not facts.may_come_from("", allowed)
        assert facts.may_come_from("192.0.2.1", ())

    def test_files_of_tls_go_together(self):
        assert facts.secured("", "", "").allowed
        assert facts.secured("c", "k", "a").allowed
        assert not facts.secured("c", "", "").allowed
        assert not facts.secured("", "", "a").allowed

    def test_alarms(self):
        def told(**said):
            known = {"on": True, "silence": 10, "last": NOW, "oldest": None, "rests": 0}
            return facts.alarms(NOW, **known | said)

        assert told() == ()
        assert told(last=None) == (Alarm.SILENT,)
        assert told(last=NOW - timedelta(minutes=11)) == (Alarm.SILENT,)
        assert told(last=None, silence=0) == told(last=None, on=False) == ()
        assert told(oldest=NOW - timedelta(seconds=61), rests=2) == (Alarm.BEHIND, Alarm.RESTS)


class TestTurns:
    def test_the_patient_of_a_message(self):
        assert turns.patient_of(oru(1, "P1")) == "P1^LAB"
        assert turns.patient_of(oru(1).replace(b"\r", b"\r\n")) == "P1^LAB"
        assert turns.patient_of(b"MSH|^~\\&|A\rPID|1\r") == ""
        assert turns.patient_of(b"MSH|^~\\&|A\rPID|1||\r") == ""
        assert turns.patient_of(b"MSH|^~\\&|A\rZZZ|PID|1||9\r") == ""
        assert turns.patient_of(b"MSH#*~\\&#A\rPID#1##9***X~8\r") == "9^X"

    @given(st.binary(max_size=300))
    def test_any_bytes_have_a_key_that_a_table_can_hold(self, raw):
        key = turns.patient_of(b"MSH|^~\\&|" + raw)
        assert "\0" not in key
        assert len(key) <= turns.LONGEST
        assert turns.patient_of(raw) is not None

    @given(st.sampled_from(Ordering), st.text(max_size=20), st.integers(0, 1000), st.integers(0, 1000))
    def test_what_has_one_key_has_one_slot(self, ordering, key, one, two):
        slot = turns.slot_of(ordering, key, one)
        assert 0 <= slot < SLOTS
        if key or ordering is not Ordering.NONE:
            assert slot == turns.slot_of(ordering, key, two)
        if ordering is Ordering.ENDPOINT:
            assert slot == 0


class TestWords:
    @pytest.mark.parametrize("code", words.WORDS)
    def test_each_reason_has_both_languages_and_advice(self, code):
        params = {"detail": "PID", "size": 3, "limit": 9, "code": "AE", "error_words": "x"}
        for language in ("zh-hans", "en"):
            assert "{" not in words.words(code, params, language)
            assert words.words(code, {}, language)
            assert words.advice(code, language)
            named = words.named(words.words(code, {}, language))
            assert named
            assert "{" not in named
