"""A file of messages handed in by a person: each kept on its own, all or none, none twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from doorstep.adapters.hl7v2 import batches
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused
from doorstep.kernel.models import TrailLine
from doorstep.kernel.testing.callers import member, stranger, system
from doorstep.record.endpoints.access import Permission
from doorstep.record.endpoints.actions import uploading
from doorstep.record.endpoints.tests import kit
from doorstep.record.endpoints.tests.kit import oru
from doorstep.site.tests.test_mllp_batches import file

HAND_IN = {"permissions": frozenset({Permission.READ, Permission.MEND})}


@pytest.fixture
def entering(as_caller: Any) -> Callable[[Call], Client]:
    def make(call: Call) -> Client:
        as_caller(call)
        return Client()

    return make


@pytest.mark.django_db
class TestKept:
    def test_each_on_its_own_and_none_twice(self, endpoint: UUID):
        raw = file([oru(1), oru(2, "P2")], [oru(3).replace(b"|C3|", b"||")])
        made = uploading.upload(system(), endpoint=endpoint, raw=raw)
        assert (made.new, made.known, made.rests, made.problems) == (3, 0, 1, ())
        assert [(row.peer, row.code) for row in kit.inbound()] == [("upload", "")] * 3
        again = uploading.upload(system(), endpoint=endpoint, raw=raw + oru(4))
        assert (again.new, again.known) == (1, 3)
        kit.work_off()
        assert kit.states() == {"applied": 3, "resting": 1}
        assert TrailLine.objects.filter(action="endpoints.upload").count() == 2

    def test_one_that_is_twice_in_the_file_is_kept_once(self, endpoint: UUID):
        made = uploading.upload(system(), endpoint=endpoint, raw=oru(1) * 2)
        assert (made.new, made.known) == (1, 1)

    def test_counts_that_differ_are_told_and_the_messages_stay(self, endpoint: UUID):
        made = uploading.upload(system(), endpoint=endpoint, raw=file([oru(1)], counts=(7,)))
        assert [(each.reason, each.text) for each in made.problems] == [("count-differs", "7 / 1")]
        assert len(kit.inbound()) == 1

    @pytest.mark.parametrize(
        ("raw", "reason"), [(b"PK\x03\x04", "upload.none"), (b"", "upload.none"), (oru(1) * 3, "upload.many"),
                            (oru(1).replace(b"36.5", b"1" * 3000), "upload.size")])  # fmt: skip
    def test_what_is_refused_changes_nothing(self, endpoint: UUID, monkeypatch, raw: bytes, reason: str):
        monkeypatch.setattr(uploading, "MOST", 2)
        monkeypatch.setattr(uploading, "MOST_BYTES", 2000)
        with pytest.raises(Refused) as refused:
            uploading.upload(system(), endpoint=endpoint, raw=raw)
        assert (refused.value.decision.reason, kit.inbound()) == (reason, [])

    def test_all_or_none(self, endpoint: UUID, monkeypatch):
        monkeypatch.setattr(uploading, "TOGETHER", 1)
        real, calls = uploading.columns, []

        def lost(arrivals):
            calls.append(arrivals)
            if len(calls) == 2:
                raise KeyboardInterrupt
            return real(arrivals)

        monkeypatch.setattr(uploading, "columns", lost)
        with pytest.raises(KeyboardInterrupt):
            uploading.upload(system(), endpoint=endpoint, raw=oru(1) + oru(2))
        assert kit.inbound() == []

    def test_only_who_may_and_only_within_their_scope(self, source: UUID, other: UUID, endpoint: UUID):
        for call, reason in ((stranger(), "permission"), (member(source, permissions=frozenset()), "permission"),
                             (member(other, **HAND_IN), "not_found")):  # fmt: skip
            with pytest.raises(Refused) as refused:
                uploading.upload(call, endpoint=endpoint, raw=oru(1))
            assert refused.value.decision.reason == reason
        assert kit.inbound() == []
        with pytest.raises(Refused):
            uploading.upload(system(), endpoint=kit.make_target(source), raw=oru(1))
        assert uploading.upload(member(source, **HAND_IN), endpoint=endpoint, raw=oru(1)).new == 1


@pytest.mark.django_db
class TestPage:
    def test_it_says_what_became_of_the_file(self, entering, source: UUID, endpoint: UUID):
        client = entering(member(source, **HAND_IN))
        there = f"/endpoints/{endpoint}/upload"
        assert there in client.get(f"/endpoints/{endpoint}/").content.decode()
        raw = file([oru(1), oru(2).replace(b"|C2|", b"||")], counts=(5,))
        said = client.post(there, {"file": SimpleUploadedFile("夜间.hl7", raw)}, follow=True).content.decode()
        for words in ("已收下 2 件报文", "1 件不能识别，已转入待处理", "条数与实际不符（BTS[1]-1，5 / 2）"):
            assert words in said
        said = client.post(there, {"file": SimpleUploadedFile("夜间.hl7", raw)}, follow=True).content.decode()
        assert "2 件以前收到过" in said

    def test_what_is_wrong_stands_beside_the_field(self, entering, source: UUID, endpoint: UUID):
        client = entering(member(source, **HAND_IN))
        answer = client.post(f"/endpoints/{endpoint}/upload", {"file": SimpleUploadedFile("x.hl7", b"PID|1\r")})
        assert (answer.status_code, "没有 HL7 v2 报文" in answer.content.decode()) == (422, True)
        answer = client.post(f"/endpoints/{endpoint}/upload", {})
        assert "请选择一个文件" in answer.content.decode()
        answer = client.post(f"/endpoints/{endpoint}/upload", {}, headers={"accept-language": "en"})
        assert "Choose a file" in answer.content.decode()


@given(st.lists(st.lists(st.integers(1, 99), max_size=4), max_size=4))
def test_a_file_is_cut_into_what_was_put_into_it(numbers: list[list[int]]):
    groups = [[oru(number) for number in each] for each in numbers]
    found = batches.split(file(*groups))
    assert [group.messages for group in found.groups] == groups
    assert batches.check(found) == []
