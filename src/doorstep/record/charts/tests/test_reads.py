"""What a chart shows of what two institutions sent, and to whom."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from doorstep.kernel import ledger
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused
from doorstep.kernel.models import TrailLine
from doorstep.kernel.paging import BadCursor, Page
from doorstep.kernel.testing.callers import everyone_permissions, member, stranger, system
from doorstep.record.charts import reads
from doorstep.record.charts.access import NUMBERS
from doorstep.record.charts.rules import Flag, Validity
from doorstep.record.charts.shapes import Cluster, Item, Narrowing, Timeline
from doorstep.record.charts.tests.conftest import NUMBER, patient, send
from doorstep.record.charts.tests.samples import HL7, allergy, concept, condition, medicine, observation

pytestmark = pytest.mark.django_db
FIRST = Page((), 20)


def _line(call: Call, resident: UUID, cursor: str | None = None, **narrowing: object) -> Timeline:
    narrowed = Narrowing(**narrowing)  # type: ignore[arg-type]  # passed on as given
    return reads.timeline(call, resident=resident, narrowing=narrowed, page=Page.read(cursor, parts=3))


def _keys(found: Timeline) -> list[str]:
    listed = []
    for day in found.days.items:
        for entry in day.entries:
            listed += [i.reading.id for i in entry.items] if isinstance(entry, Cluster) else [entry.reading.id]
    return listed


def test_summary_over_two_institutions(resident: UUID, county: UUID, township: UUID) -> None:
    """One line a code with first and last date and both institutions; current first; allergies with their reaction."""
    send(
        township,
        condition("t1", "pt", "2019-04-01", "I10", "原发性高血压"),
        condition("t2", "pt", "2021-02-01", "J06.9", "急性上呼吸道感染", clinical="resolved"),
        allergy("ta", "pt", "青霉素"),
        medicine("tm", "pt", "2023-01-01", "氨氯地平片"),
    )
    send(
        county,
        condition("c1", "pc", "2024-05-01", "I10", "原发性高血压"),
        medicine("cm", "pc", "2024-06-01", "阿莫西林胶囊", status="completed"),
    )
    found = reads.summary(member(township), resident=resident)
    assert [line.item.reading.title for line in found.problems] == ["原发性高血压", "急性上呼吸道感染"]
    pressure = found.problems[0]
    assert (pressure.first and pressure.first.text, pressure.last and pressure.last.text) == (
        "2019-04-01",
        "2024-05-01",
    )
    assert set(pressure.sources) == {county, township}
    assert [line.item.reading.title for line in found.medicines] == ["氨氯地平片", "阿莫西林胶囊"]
    (grave,) = found.head.allergies
    assert (grave.item.reading.title, grave.item.reading.notes) == ("青霉素", ("皮疹",))
    assert found.head.institutions == {county: "县人民医院", township: "清溪镇卫生院"}


def test_latest_result_is_the_newest_of_all_institutions(resident: UUID, county: UUID, township: UUID) -> None:
    """One series over both; other units and fillers are counted, not drawn; mistakes are not shown as the newest."""
    limits = [{"low": {"value": 3.9, "unit": "mmol/L"}, "high": {"value": 6.1, "unit": "mmol/L"}}]
    send(township, *(observation(f"t{n}", "pt", f"2023-0{n}-01", 5 + n, referenceRange=limits) for n in range(1, 5)))
    send(
        county,
        observation("c1", "pc", "2024-01-01", 126, unit="mg/dL"),
        observation("c2", "pc", "2024-02-01", -999),
        observation("c3", "pc", "2024-03-01", 8.5, referenceRange=limits),
        observation("c4", "pc", "2024-04-01", 85, status="entered-in-error"),
    )
    (result,) = reads.summary(system(), resident=resident).results
    measure = result.item.reading.measures[0]
    assert (result.item.reading.id, measure.text, measure.flag, measure.computed) == ("c3", "8.5", Flag.HIGH, True)
    (curve,) = result.curves
    assert [value for _at, value in curve.points] == [6, 7, 8, 9, 8.5]
    assert (curve.left_out, curve.doubtful, result.in_error) == (1, 1, 1)


def test_the_same_code_of_another_system_is_another_series(resident: UUID, county: UUID, township: UUID) -> None:
    """A local code 1001 of one laboratory is not the 1001 of another; words without a code are their own."""
    for source, who, system_, name in ((county, "pc", "urn:lab:a", "钾"), (township, "pt", "urn:lab:b", "钠")):
        send(
            source, observation(f"x{who}", who, "2024-01-01", 4, code="1001") | {"code": concept(system_, "1001", name)}
        )
    send(county, observation("words", "pc", "2024-02-01", 3) | {"code": {"text": "握力"}})
    found = reads.summary(system(), resident=resident).results
    assert sorted(r.item.reading.title for r in found) == ["握力", "钠", "钾"]
    assert all(len(r.curves[0].points) == 1 for r in found)
    every = reads.latest(system(), resident=resident)
    assert {r.key for r in every.results} == {r.key for r in found}
    for one in found:
        assert reads.series(system(), resident=resident, key=one.key, page=FIRST).title == one.item.reading.title


def test_series_is_paged_over_ties(resident: UUID, county: UUID, township: UUID) -> None:
    """Every value is seen once, also where many share one moment."""
    send(county, *(observation(f"c{n:02d}", "pc", "2024-01-01T08:00:00+08:00", n) for n in range(30)))
    send(township, *(observation(f"t{n:02d}", "pt", f"2024-01-{n + 1:02d}", n) for n in range(25)))
    seen, cursor = [], None
    while True:
        page = Page.read(cursor, 7)
        found = reads.series(system(), resident=resident, key="http://loinc.org|2345-7", page=page)
        seen += [item.reading.id for item in found.values.items]
        cursor = found.values.next
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 55
    assert len(found.curves[0].points) == 55


def test_struck_records_come_last(resident: UUID, county: UUID) -> None:
    """Refuted and mistaken diagnoses are there, and not as valid."""
    wrong = {"verificationStatus": concept(f"{HL7}condition-ver-status", "entered-in-error", "")}
    send(
        county,
        condition("ok", "pc", "2010-01-01", "I10", "高血压", clinical="resolved"),
        condition("no", "pc", "2024-01-01", "C34", "肺癌", **wrong),
    )
    found = reads.summary(system(), resident=resident).problems
    assert [(line.item.reading.title, line.item.reading.validity) for line in found] == [
        ("高血压", Validity.VALID),
        ("肺癌", Validity.ERROR),
    ]


def test_names_of_medications_elsewhere(resident: UUID, county: UUID) -> None:
    """A prescription that refers to a Medication is called by its name."""
    request = medicine("m", "pc", "2024-01-01", "x") | {"medicationReference": {"reference": "Medication/met"}}
    del request["medicationCodeableConcept"]
    send(county, {"resourceType": "Medication", "id": "met", "code": {"text": "二甲双胍片"}}, request)
    assert reads.summary(system(), resident=resident).medicines[0].item.reading.title == "二甲双胍片"
    assert (
        reads.entry(system(), resident=resident, kind="MedicationRequest", key="m").item.reading.title == "二甲双胍片"
    )


def _busy(county: UUID, township: UUID) -> set[str]:
    rows = [observation(f"o{n:03d}", "pc", f"2024-{n % 5 + 1:02d}-10T08:{n % 60:02d}:00+08:00", n) for n in range(220)]
    rows += [condition(f"d{n:02d}", "pt", f"2023-{n % 12 + 1:02d}-01", f"A{n}", f"病{n}") for n in range(40)]
    rows += [observation(f"u{n}", "pc", None, n) for n in range(7)]
    rows += [condition(f"same{n}", "pt", "2024-03-10T08:02:00+08:00", f"B{n}", "同时") for n in range(5)]
    send(county, *(r for r in rows if r["subject"]["reference"].endswith("pc")))
    send(township, *(r for r in rows if r["subject"]["reference"].endswith("pt")))
    return {r["id"] for r in rows}


def test_timeline_shows_all_once_in_order(resident: UUID, county: UUID, township: UUID) -> None:
    """Walking the pages gives every record once, newest first, the undated at the end, days whole where they fit."""
    expected = _busy(county, township)
    seen: list[str] = []
    days: list[str] = []
    cursor = None
    while True:
        found = _line(member(county), resident, cursor)
        seen += _keys(found)
        days += [day.on.text if day.on else "" for day in found.days.items]
        cursor = found.days.next
        if cursor is None:
            break
    assert len(seen) == len(set(seen))
    assert set(seen) == expected
    assert [d for d in days if d] == sorted((d for d in days if d), reverse=True)
    assert days[-1] == ""


def test_timeline_is_narrowed(resident: UUID, county: UUID, township: UUID) -> None:
    """By kind, institution and period."""
    _busy(county, township)
    kinds = _line(system(), resident, kind="diagnosis", institution=township)
    assert {i.reading.type for d in kinds.days.items for i in d.entries if isinstance(i, Item)} == {"Condition"}
    since, until = datetime(2024, 2, 1, tzinfo=UTC), datetime(2024, 3, 1, tzinfo=UTC)
    period = _line(system(), resident, since=since, until=until)
    assert {day.on and day.on.text for day in period.days.items} == {"2024-02-10"}
    assert _keys(_line(system(), resident, kind="immunisation")) == []
    assert _keys(_line(system(), resident, institution=uuid4())) == []


def test_observations_of_a_day_are_one_cluster(resident: UUID, county: UUID) -> None:
    """By day, encounter and institution, those outside the usual first."""
    visit = {"resourceType": "Encounter", "id": "v", "status": "finished", "class": {"code": "AMB"}}
    visit |= {"subject": {"reference": "Patient/pc"}, "period": {"start": "2024-01-01T08:00:00+08:00"}}
    at, inside = "2024-01-01T09:00:00+08:00", {"encounter": {"reference": "Encounter/v"}}
    high = [{"coding": [{"code": "H"}]}]
    send(
        county,
        visit,
        *(observation(f"o{n}", "pc", at, n, **inside) for n in range(4)),
        observation("high", "pc", at, 30, interpretation=high, **inside),
        observation("alone", "pc", at, 5),
    )
    (day,) = _line(system(), resident).days.items
    clusters = [entry for entry in day.entries if isinstance(entry, Cluster)]
    assert [(c.first.reading.id, c.flagged, len(c.items)) for c in clusters] == [("high", 1, 5)]
    assert len(day.entries) == 3


@pytest.mark.parametrize("cursor", ["x", "W10", "WyIiLCIiLCIiXQ", "WyIyMDI0IiwiYSIsImIiXQ"])
def test_forged_cursors(resident: UUID, cursor: str) -> None:
    """A cursor that is not ours is refused or gives a page, never an error."""
    with contextlib.suppress(BadCursor):
        assert isinstance(_line(system(), resident, cursor), Timeline)


def test_strangers_and_other_institutions(resident: UUID, county: UUID, township: UUID) -> None:
    """Without permission or without sight of the resident nothing is read, and the attempt is trailed."""
    with pytest.raises(Refused, match="permission"):
        reads.summary(stranger(), resident=resident)
    with pytest.raises(Refused, match="not_found"):
        reads.summary(member(uuid4()), resident=resident)
    line = TrailLine.objects.filter(action="charts.read").latest("pk")
    assert (line.outcome, line.resident) == ("refused", resident)
    assert reads.summary(member(township), resident=resident).head.resident == resident
    done = TrailLine.objects.filter(action="charts.read").latest("pk")
    assert (done.outcome, done.subject_type, done.subject_id) == ("done", "Chart", str(resident))


def test_no_reading_by_guessing_ids(resident: UUID, county: UUID) -> None:
    """A resource of another resident is not found under this one, nor its name in a reference."""
    other = patient("other", "", "王五")
    send(county, other, condition("secret", "other", "2024-01-01", "B20", "艾滋病"))
    send(county, observation("mine", "pc", "2024-01-01", 5, focus=[{"reference": "Condition/secret"}]))
    for ask in (reads.entry, reads.raw):
        with pytest.raises(Refused, match="not_found"):
            ask(system(), resident=resident, kind="Condition", key="secret")
    for kind, key in (("Patient", "other"), ("Nonsense", "x"), ("Organization", "x"), ("Observation", "a\x00b")):
        with pytest.raises(Refused, match="not_found"):
            reads.entry(system(), resident=resident, kind=kind, key=key)
    found = reads.entry(system(), resident=resident, kind="Observation", key="mine")
    assert set(found.targets) == {("Patient", "pc")}


def test_references_are_named(resident: UUID, county: UUID) -> None:
    """Entries of the same resident can be opened, practitioners are told by name only."""
    doctor = {"resourceType": "Practitioner", "id": "dr", "name": [{"family": "王", "given": ["强"]}]}
    report = {
        "resourceType": "DiagnosticReport", "id": "r", "status": "final", "code": {"text": "血常规"},
        "subject": {"reference": "Patient/pc"}, "effectiveDateTime": "2024-01-01",
        "performer": [{"reference": "Practitioner/dr"}], "result": [{"reference": "Observation/wbc"}],
    }  # fmt: skip
    send(county, doctor, observation("wbc", "pc", "2024-01-01", 12, name="白细胞"), report)
    targets = reads.entry(system(), resident=resident, kind="DiagnosticReport", key="r").targets
    assert {key: (t.title, t.open) for key, t in targets.items()} == {
        ("Practitioner", "dr"): ("王强", False),
        ("Observation", "wbc"): ("白细胞", True),
        ("Patient", "pc"): ("李秀英", True),
    }


def test_versions_and_what_differs(resident: UUID, county: UUID) -> None:
    """Each version can be opened, compared and downloaded to the byte."""
    send(county, observation("v", "pc", "2024-01-01", 5.5))
    send(county, observation("v", "pc", "2024-01-01", 6.5, status="corrected"))
    now = reads.entry(system(), resident=resident, kind="Observation", key="v")
    old = reads.entry(system(), resident=resident, kind="Observation", key="v", version=1)
    assert [v.number for v in now.versions] == [2, 1]
    assert (now.item.reading.measures[0].text, old.item.reading.measures[0].text) == ("6.5", "5.5")
    found = reads.changes(system(), resident=resident, kind="Observation", key="v", before=1, after=2).changes
    assert {(c.path, c.before, c.after) for c in found} == {
        ("status", "final", "corrected"),
        ("valueQuantity.value", "5.5", "6.5"),
    }
    assert b'"value":5.5' in reads.raw(system(), resident=resident, kind="Observation", key="v", version=1)
    with pytest.raises(Refused, match="not_found"):
        reads.entry(system(), resident=resident, kind="Observation", key="v", version=9)


def test_versions_that_were_about_somebody_else(resident: UUID, county: UUID) -> None:
    """What was set right from another patient to this one is not shown as it was about the other."""
    send(county, patient("other", "", "王五"))
    send(county, condition("moved", "other", "2024-01-01", "B20", "艾滋病"))
    send(county, condition("moved", "pc", "2024-01-01", "I10", "高血压"))
    assert reads.entry(system(), resident=resident, kind="Condition", key="moved").item.reading.title == "高血压"
    with pytest.raises(Refused, match="not_found"):
        reads.entry(system(), resident=resident, kind="Condition", key="moved", version=1)
    with pytest.raises(Refused, match="not_found"):
        reads.changes(system(), resident=resident, kind="Condition", key="moved", before=1, after=2)


def test_deleted_entries_say_so(resident: UUID, county: UUID) -> None:
    """What an institution took back is told as such, with its versions; it is nowhere else."""
    send(county, condition("gone", "pc", "2024-01-01", "I10", "高血压"))
    nothing = ledger.Index(None, None, None, [], [], [], [])
    ledger.write([ledger.Fresh("Condition", "gone", b"{}", county, None, nothing, deleted=True)], datetime.now(UTC))
    found = reads.entry(system(), resident=resident, kind="Condition", key="gone")
    assert (found.item.reading.validity, len(found.versions)) == (Validity.DELETED, 2)
    assert reads.summary(system(), resident=resident).problems == ()


def test_raw_needs_its_own_permission(resident: UUID, county: UUID) -> None:
    """Reading a chart does not open raw resources."""
    call = member(county, ["charts.read"])
    assert reads.entry(call, resident=resident, kind="Patient", key="pc").item.reading.title == "李秀英"
    with pytest.raises(Refused, match="permission"):
        reads.raw(call, resident=resident, kind="Patient", key="pc")


def test_full_numbers_need_their_permission(resident: UUID, county: UUID) -> None:
    """Who may read charts and raw resources, but not full numbers, sees them in no form of the Patient resource."""
    call = member(county, ["charts.read", "charts.raw"])
    found = reads.entry(call, resident=resident, kind="Patient", key="pc")
    assert NUMBER not in repr(found)
    assert found.body is None
    with pytest.raises(Refused, match="permission"):
        reads.raw(call, resident=resident, kind="Patient", key="pc")
    send(county, patient("pc", NUMBER, "李秀瑛"))
    differing = reads.changes(call, resident=resident, kind="Patient", key="pc", before=1, after=2)
    assert [c.path for c in differing.changes] == ["name[0].text"]
    assert NUMBERS in everyone_permissions()
    whole = member(county, ["charts.read", "charts.raw", NUMBERS])
    assert NUMBER in repr(reads.entry(whole, resident=resident, kind="Patient", key="pc"))
    assert NUMBER.encode() in reads.raw(whole, resident=resident, kind="Patient", key="pc")


def test_a_doubtful_value_gives_way_to_a_sound_one(resident: UUID, county: UUID) -> None:
    """The newest believable value is shown, and that there are newer ones."""
    absent = observation("c3", "pc", "2024-03-01", 0) | {"dataAbsentReason": {"coding": [{"code": "error"}]}}
    del absent["valueQuantity"]
    send(county, observation("c1", "pc", "2024-01-01", 5), observation("c2", "pc", "2024-02-01", -999), absent)
    (result,) = reads.summary(system(), resident=resident).results
    assert (result.item.reading.id, result.newer) == ("c1", 2)


def test_an_empty_chart(resident: UUID) -> None:
    """A resident of whom nothing is known yet has a chart that says so."""
    found = reads.summary(system(), resident=resident)
    assert (found.problems, found.medicines, found.results, found.head.allergies) == ((), (), (), ())
    assert _line(system(), resident).days.items == ()


def test_what_is_urgent_comes_first(resident: UUID, county: UUID) -> None:
    """Critical, then outside the usual, of the last year; then the newest."""
    now = datetime.now(UTC).date().isoformat()
    flags = {"ok": "N", "high": "H", "critical": "LL"}
    send(
        county,
        *(
            observation(name, "pc", now, 5, code=name, name=name, interpretation=[{"coding": [{"code": code}]}])
            for name, code in flags.items()
        ),
        observation(
            "old", "pc", "2010-01-01", 5, code="old", name="old", interpretation=[{"coding": [{"code": "HH"}]}]
        ),
    )
    found = reads.summary(system(), resident=resident).results
    assert [r.item.reading.title for r in found] == ["critical", "high", "ok", "old"]


def test_deleted_from_the_beginning(resident: UUID, county: UUID) -> None:
    """What never was this resident's is not found when it is deleted."""
    nothing = ledger.Index(None, None, None, [], [], [], [])
    ledger.write([ledger.Fresh("Condition", "never", b"{}", county, None, nothing, deleted=True)], datetime.now(UTC))
    with pytest.raises(Refused, match="not_found"):
        reads.entry(system(), resident=resident, kind="Condition", key="never")


def test_older_versions_that_name_nobody(resident: UUID, county: UUID) -> None:
    """A version whose patient cannot be told is not opened."""
    index = ledger.Index("pc", None, None, [], [], [], [])
    bodies = (b'{"subject":5,"onsetDateTime":"x"}', b'{"code":{"text":"a"}}', b'{"code":{"text":"b"}}')
    for body in bodies:
        ledger.write([ledger.Fresh("Condition", "odd", body, county, None, index)], datetime.now(UTC))
        ledger.write([ledger.Fresh("Location", "room", body, county, None, index)], datetime.now(UTC))
    for kind, key, version in (("Condition", "odd", 1), ("Condition", "odd", 2), ("Location", "room", 1)):
        assert len(reads.entry(system(), resident=resident, kind=kind, key=key).versions) == 3
        with pytest.raises(Refused, match="not_found"):
            reads.entry(system(), resident=resident, kind=kind, key=key, version=version)


@pytest.mark.parametrize("at", ["x", "2024-01-01"])
def test_forged_cursors_of_a_series(resident: UUID, county: UUID, at: str) -> None:
    """A place that is no aware moment is refused."""
    send(county, observation("c", "pc", "2024-01-01", 5))
    with pytest.raises(BadCursor):
        reads.series(system(), resident=resident, key="http://loinc.org|2345-7", page=Page((at, "x"), 5))
