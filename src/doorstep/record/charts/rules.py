"""What is valid, what is high or low, what is in doubt, which units may be compared, and how records are sorted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Final


class Validity(StrEnum):
    """Whether a record may be shown as holding."""

    VALID = "valid"
    ERROR = "entered-in-error"
    REFUTED = "refuted"
    NOT_DONE = "not-done"
    DELETED = "deleted"
    UNREADABLE = "unreadable"


class Flag(StrEnum):
    """What is said of a value against what is usual."""

    CRITICAL_HIGH = "critical-high"
    CRITICAL_LOW = "critical-low"
    CRITICAL = "critical"
    HIGH = "high"
    LOW = "low"
    ABNORMAL = "abnormal"
    POSITIVE = "positive"
    NEGATIVE = "negative"
    NORMAL = "normal"
    OTHER = "other"


class Doubt(StrEnum):
    """Why a number is not believed."""

    FILLER = "filler"
    IMPOSSIBLE = "impossible"


CRITICAL: Final = frozenset({Flag.CRITICAL_HIGH, Flag.CRITICAL_LOW, Flag.CRITICAL})
OUTSIDE: Final = CRITICAL | {Flag.HIGH, Flag.LOW, Flag.ABNORMAL, Flag.POSITIVE}

# HL7 v3 ObservationInterpretation (and v2 table 0078), with what Chinese laboratory systems write in its place.
SAID: Final[Mapping[str, Flag]] = {
    **dict.fromkeys(("HH", "HU", "HX", "H*", "↑↑", "危急偏高", "危急高值"), Flag.CRITICAL_HIGH),
    **dict.fromkeys(("LL", "LU", "LX", "L*", "↓↓", "危急偏低", "危急低值"), Flag.CRITICAL_LOW),
    **dict.fromkeys(("AA", "危急", "危急值"), Flag.CRITICAL),
    **dict.fromkeys(("H", ">", "↑", "偏高", "高"), Flag.HIGH),
    **dict.fromkeys(("L", "<", "↓", "偏低", "低"), Flag.LOW),
    **dict.fromkeys(("A", "异常"), Flag.ABNORMAL),
    **dict.fromkeys(("POS", "DET", "+", "阳性"), Flag.POSITIVE),
    **dict.fromkeys(("NEG", "ND", "-", "阴性"), Flag.NEGATIVE),
    **dict.fromkeys(("N", "正常"), Flag.NORMAL),
}
# Of several statements the gravest is shown.
GRAVITY: Final = tuple(Flag)

# Numbers that systems send where they have none: all nines, or minus all nines.
_NINES: Final = frozenset("9")
# What a living body can show, by LOINC code and unit; beyond it a value is a slip of the hand or of a unit.
POSSIBLE: Final[Mapping[tuple[str, str], tuple[int, int]]] = {
    ("8302-2", "cm"): (20, 280),
    ("29463-7", "kg"): (0, 650),
    ("39156-5", "kg/m2"): (4, 200),
    ("8480-6", "mm[Hg]"): (20, 350),
    ("8462-4", "mm[Hg]"): (5, 250),
    ("8867-4", "/min"): (5, 400),
    ("9279-1", "/min"): (1, 150),
    ("8310-5", "Cel"): (12, 47),
    ("2708-6", "%"): (10, 100),
    ("59408-5", "%"): (10, 100),
    ("4548-4", "%"): (2, 30),
}
# Units of amounts that cannot be below zero; others (°C, mmol/L of base excess, dioptres) can.
_NEVER_NEGATIVE: Final = frozenset({"mm[hg]", "kg", "g", "cm", "m", "kg/m2", "/min", "%", "g/l", "g/dl", "10*9/l"})
# One unit, several spellings; the key is what is left after case and blanks are taken away.
_SPELLINGS: Final[Mapping[str, str]] = {
    "mmhg": "mm[hg]", "°c": "cel", "℃": "cel", "次/分": "/min", "次/min": "/min", "{beats}/min": "/min", "bpm": "/min",
    "μmol/l": "umol/l", "µmol/l": "umol/l", "10^9/l": "10*9/l", "10^12/l": "10*12/l", "×10^9/l": "10*9/l",
    "×10^12/l": "10*12/l", "x10^9/l": "10*9/l", "x10^12/l": "10*12/l", "kg/m²": "kg/m2", "kg/m^2": "kg/m2",
    "厘米": "cm", "公斤": "kg", "千克": "kg",
}  # fmt: skip


def unit_key(unit: str, code: str) -> str:
    """What two units have in common when their numbers may be compared; "" is "no unit" and compares with itself."""
    bare = "".join((code or unit).split()).casefold()
    return _SPELLINGS.get(bare, bare)


_WRITTEN: Final[Mapping[str, str]] = {
    "mm[Hg]": "mmHg", "Cel": "℃", "kg/m2": "kg/m²", "10*3/uL": "10³/µL", "10*6/uL": "10⁶/µL", "10*9/L": "10⁹/L",
    "10*12/L": "10¹²/L", "10*3/mm3": "10³/mm³", "umol/L": "µmol/L", "ug/L": "µg/L", "[iU]": "IU", "[iU]/L": "IU/L",
    "m[iU]/L": "mIU/L", "1": "",
}  # fmt: skip


def unit_words(unit: str) -> str:
    """A unit as people write it; UCUM's annotations lose their braces."""
    return _WRITTEN.get(unit, unit.replace("{", "").replace("}", ""))


def doubt(number: Decimal, unit: str, code: str) -> Doubt | None:
    """Why a number is not believed: it stands for "none" (-999), or no body can show it; ``unit`` is a ``unit_key``."""
    digits = str(abs(number).normalize())
    if set(digits) == _NINES and (len(digits) > 3 or (number < 0 and len(digits) > 1)):
        return Doubt.FILLER
    low_high = next((v for (c, u), v in POSSIBLE.items() if c == code and u.casefold() == unit), None)
    if low_high is not None and not low_high[0] <= number <= low_high[1]:
        return Doubt.IMPOSSIBLE
    if number < 0 and unit in _NEVER_NEGATIVE:
        return Doubt.IMPOSSIBLE
    return None


def said(words: Iterable[str]) -> Flag | None:
    """The gravest flag among codes and words of an interpretation; ``OTHER`` where none is known, None for none."""
    given = [word.strip() for word in words if word.strip()]
    found = [flag for word in given if (flag := SAID.get(word.upper())) is not None]
    if found:
        return min(found, key=GRAVITY.index)
    return Flag.OTHER if given else None


def against(number: Decimal, low: Decimal | None, high: Decimal | None) -> Flag | None:
    """Where a number lies against a range; None where there is no range."""
    if high is not None and number > high:
        return Flag.HIGH
    if low is not None and number < low:
        return Flag.LOW
    return None if low is None and high is None else Flag.NORMAL


def flag(stated: Flag | None, reckoned: Flag | None) -> tuple[Flag | None, bool, bool]:
    """The flag to show, whether it was computed, and whether the source called normal what lies beyond its range."""
    if stated in (None, Flag.OTHER) and reckoned is not None:
        return reckoned, True, False
    if stated is Flag.NORMAL and reckoned in OUTSIDE:
        return reckoned, True, True
    return stated, False, False


# Statuses (of any type) that take a record out of what holds.
_INVALID: Final[Mapping[str, Validity]] = {
    "entered-in-error": Validity.ERROR,
    "refuted": Validity.REFUTED,
    "not-done": Validity.NOT_DONE,
}
_NEGATIVE_CODES: Final = frozenset(
    {"716186003", "409137002", "428607008", "429625007", "428197003", "160244002", "787481004"}
)
_NEGATIVE_WORDS: Final = frozenset(
    {
        "无",
        "否认",
        "无过敏史",
        "否认过敏史",
        "无药物过敏史",
        "否认药物过敏史",
        "无已知过敏",
        "未发现过敏",
        "nka",
        "nkda",
    }
)


def validity(status: str, verification: str) -> Validity:
    """Whether a record holds, by its status and its verification status."""
    for word in (verification, status):
        if word in _INVALID:
            return _INVALID[word]
    return Validity.VALID


def says_none(codes: Iterable[str], text: str) -> bool:
    """Whether an allergy record states that there is none known."""
    words = text.strip().casefold()
    return any(code in _NEGATIVE_CODES for code in codes) or words in _NEGATIVE_WORDS or words.startswith("no known ")


ACTIVE_PROBLEM: Final = frozenset({"active", "recurrence", "relapse"})
# A disease in remission is still a problem to be known.
ENDED_PROBLEM: Final = frozenset({"inactive", "resolved"})
CURRENT_MEDICINE: Final = frozenset({"active", "on-hold", "intended"})


def problem_rank(clinical: str, valid: Validity, ended: bool) -> int:
    """The order of problems: active, not said (it may be active), ended, not valid."""
    if valid is not Validity.VALID:
        return 3
    if clinical in ACTIVE_PROBLEM:
        return 0
    return 2 if clinical in ENDED_PROBLEM or ended else 1


def medicine_rank(status: str, valid: Validity, ended: bool) -> int:
    """The order of medicines: current, status not known, ended, not valid."""
    if valid is not Validity.VALID:
        return 3
    if status in CURRENT_MEDICINE and not ended:
        return 0
    return 1 if status in ("", "unknown") and not ended else 2


# The kinds by which a timeline is filtered; what stands nowhere is ``other``.
KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "encounter": ("Encounter", "EpisodeOfCare"),
    "diagnosis": ("Condition", "ClinicalImpression", "AdverseEvent"),
    "result": ("Observation",),
    "report": ("DiagnosticReport", "ImagingStudy", "Composition", "DocumentReference", "Media"),
    "medicine": ("MedicationRequest", "MedicationStatement", "MedicationDispense", "MedicationAdministration"),
    "immunisation": ("Immunization",),
    "procedure": ("Procedure",),
    "allergy": ("AllergyIntolerance",),
    "plan": ("CarePlan", "Goal", "ServiceRequest", "NutritionOrder", "DeviceRequest"),
    "billing": (
        "Account", "ChargeItem", "Claim", "ClaimResponse", "Coverage", "CoverageEligibilityRequest",
        "CoverageEligibilityResponse", "EnrollmentRequest", "ExplanationOfBenefit", "Invoice",
    ),
    "other": (
        "Appointment", "AppointmentResponse", "Basic", "BodyStructure", "CareTeam", "Communication",
        "CommunicationRequest", "Consent", "Contract", "DetectedIssue", "Device", "DeviceUseStatement",
        "DocumentManifest", "FamilyMemberHistory", "Flag", "GuidanceResponse", "ImmunizationEvaluation",
        "ImmunizationRecommendation", "List", "MeasureReport", "MolecularSequence", "QuestionnaireResponse",
        "RelatedPerson", "RequestGroup", "ResearchSubject", "RiskAssessment", "Schedule", "Specimen",
        "SupplyDelivery", "SupplyRequest", "Task", "VisionPrescription",
    ),
}  # fmt: skip
KIND_OF: Final[Mapping[str, str]] = {name: kind for kind, names in KINDS.items() for name in names}
# Bills are many and tell a doctor little: they are shown when asked for.
NOT_ALL: Final = frozenset({"billing"})


def types_of(kind: str) -> tuple[str, ...]:
    """The resource types of a kind; of all but bills for none."""
    if kind:
        return KINDS.get(kind, ())
    return tuple(name for group, names in KINDS.items() if group not in NOT_ALL for name in names)
