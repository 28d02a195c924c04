"""Enhanced mode: what has become of a message is told to its sender as it asked, by the queue, once."""

from __future__ import annotations

from uuid import UUID

import hypothesis.strategies as st
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings

from doorstep.adapters.hl7v2.codec import parse
from doorstep.adapters.hl7v2.shapes import Header
from doorstep.kernel.testing.callers import system
from doorstep.record.endpoints import reads
from doorstep.record.endpoints.actions import mending, work
from doorstep.record.endpoints.models import Inbound, Outbound
from doorstep.record.endpoints.rules.acknowledging import code_of, fits
from doorstep.record.endpoints.rules.outward import Carry
from doorstep.record.endpoints.tests import kit
from doorstep.record.endpoints.tests.test_work import NO_PATIENT, told

BAD_KIND = kit.oru(8, kind="ZZZ^Z99")


def asking(raw: bytes, accept: str, application: str) -> bytes:
    """A message of an enhanced mode's sender."""
    return raw.replace(b"|P|2.5.1", f"|P|2.5.1|||{accept}|{application}".encode(), 1)


def target(source: UUID, *what: Carry, **out: object) -> UUID:
    return kit.make_target(source, out={"carries": frozenset(what or {Carry.ANSWERS}), "to_application": "LIS",
                                        "to_facility": "LAB", **out})  # fmt: skip


def queued() -> list[Outbound]:
    return list(Outbound.objects.unscoped("test").order_by("pk"))


@pytest.mark.django_db
class TestTold:
    @pytest.mark.parametrize(
        ("raw", "code"), [(kit.oru(1), "AA"), (NO_PATIENT, "AE"), (BAD_KIND, "AR")], ids=["used", "error", "refused"]
    )
    @pytest.mark.parametrize(
        ("wants", "codes"), [("AL", "AA AE AR"), ("ER", "AE AR"), ("SU", "AA"), ("NE", ""), ("", "")]
    )
    def test_as_its_sender_asked(self, source: UUID, endpoint: UUID, raw: bytes, code: str, wants: str, codes: str):
        place = target(source)
        [key] = kit.keep(endpoint, asking(raw, "AL", wants), code="CA")
        kit.work_off()
        found = queued()
        assert len(found) == (code in codes.split())
        for row in found:
            said = parse(bytes(row.body))
            assert (row.endpoint_id, row.inbound, row.state) == (place, key, "waiting")
            assert (said.get("MSA-1"), said.get("MSA-2")) == (code, parse(raw).get("MSH-10"))
            assert (said.get("MSH-5"), said.get("MSH-10"), row.control) == ("LIS", row.control, said.get("MSH-10"))
            assert (said.get("MSH-15"), said.get("MSH-16")) == ("AL", "NE"), "it is not answered in turn"
            assert len(row.residents) == (code == "AA")

    def test_an_error_is_told_in_words_and_with_its_place(self, source: UUID, endpoint: UUID):
        target(source)
        kit.keep(endpoint, asking(NO_PATIENT, "AL", "AL").replace(b"||AL|AL", b"||AL|AL|CHN|UNICODE UTF-8"), code="CA")
        kit.work_off()
        said = parse(bytes(queued()[0].body))
        assert (said.get("ERR-2.1"), said.get("ERR-3.1"), said.get("ERR-4")) == ("PID", "101", "E")
        assert "缺少必需的字段" in said.get("ERR-8")

    def test_where_chinese_cannot_be_written_it_is_told_in_english(self, source: UUID, endpoint: UUID):
        target(source)
        raw = asking(NO_PATIENT, "AL", "AL").replace(b"||AL|AL", b"||AL|AL|USA|8859/1")
        kit.keep(endpoint, raw.replace("王^小明".encode(), b"Wang"), code="CA")
        kit.work_off()
        assert "A field that is needed is missing" in parse(bytes(queued()[0].body)).get("ERR-8")

    def test_original_mode_was_answered_when_it_was_kept(self, source: UUID, endpoint: UUID):
        target(source)
        kit.keep(endpoint, kit.oru(1), NO_PATIENT)
        kit.work_off()
        assert queued() == []

    def test_an_acknowledgement_is_not_acknowledged(self, source: UUID, endpoint: UUID):
        target(source)
        kit.keep(endpoint, asking(kit.oru(1, kind="ACK^R01^ACK"), "AL", "AL"), code="CA")
        kit.work_off()
        assert queued() == []

    def test_what_is_mended_or_replayed_is_told_again_as_what_it_has_become(self, source: UUID, endpoint: UUID):
        target(source)
        [key] = kit.keep(endpoint, asking(NO_PATIENT, "AL", "AL"), code="CA")
        kit.work_off()
        mending.replay(system(), inbound=key)
        kit.work_off()
        assert [parse(bytes(row.body)).get("MSA-1") for row in queued()] == ["AE"], "the same is told once"
        text = bytes(Inbound.objects.unscoped("test").get(pk=key).raw).replace(b"PID|1||||", b"PID|1||P1^^^LAB^MR||")
        mending.mend(system(), inbound=key, text=text.decode())
        kit.work_off()
        assert [parse(bytes(row.body)).get("MSA-1") for row in queued()] == ["AE", "AA"]

    def test_it_goes_to_the_sender_and_to_nobody_else(self, source: UUID, other: UUID, endpoint: UUID):
        target(other)
        target(source, Carry.RESULTS, to_application="LIS")
        target(source, to_application="HIS")
        general = target(source, to_application="", to_facility="")
        kit.keep(endpoint, asking(kit.oru(1), "AL", "AL"), code="CA")
        kit.work_off()
        assert [row.endpoint_id for row in queued()] == [general]
        exact = target(source)
        kit.keep(endpoint, asking(kit.oru(2), "NE", "AL"), code="")
        kit.work_off()
        assert [row.endpoint_id for row in queued()] == [general, exact]

    def test_where_nothing_leads_there_the_journey_says_so(self, endpoint: UUID):
        [key] = kit.keep(endpoint, asking(kit.oru(1), "AL", "AL"), code="CA")
        kit.work_off()
        assert told(key)[0] == "applied"
        assert reads.journey(system(), inbound=key).line.params["unanswered"] == "AA"
        assert queued() == []

    def test_killed_before_the_commit_neither_is_there(self, source: UUID, endpoint: UUID, monkeypatch):
        target(source)
        [key] = kit.keep(endpoint, asking(kit.oru(1), "AL", "AL"), code="CA")

        def killed(*_: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as broken:
            broken.setattr(work, "_keep", killed)
            with pytest.raises(KeyboardInterrupt):
                kit.work_off()
        assert (told(key)[0], queued()) == ("kept", [])
        kit.work_off()
        assert (told(key)[0], len(queued())) == ("applied", 1)


modes = st.sampled_from(["", "AL", "NE", "ER", "SU"])


@given(st.sampled_from(["ORU", "ACK", ""]), modes, modes, st.sampled_from(["", "unmappable", "unreadable"]),
       st.sampled_from(["", "missing-field", "unsupported-kind"]))  # fmt: skip
@hypothesis_settings(max_examples=200)
def test_only_who_asks_is_told(kind: str, accept: str, application: str, reason: str, detail: str):
    code = code_of(Header(kind=kind, accept_ack=accept, application_ack=application), reason, detail)
    assert not code or kind == "ORU"
    if application in ("", "NE"):
        assert code == ""
    elif kind == "ORU" and application == "AL":
        assert (code == "AA") == (reason == "")
    assert code in ("", "AA", "AE", "AR")


def test_who_names_the_sender_better_is_preferred():
    header = Header(sending_application="LIS^1.2^ISO", sending_facility="LAB")
    names = [("HIS", ""), ("", ""), ("", "LAB"), ("LIS", ""), ("LIS", "LAB")]
    assert [fits(header, *each) for each in names] == [-1, 0, 1, 2, 3]
