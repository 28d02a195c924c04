"""Why some of other people's messages are not mapped: reason, place, and why that is right."""

from __future__ import annotations

from typing import Final

_TRIGGER = ("unsupported-trigger", "MSH-9.2")
REFUSED: Final = {
    "ADT-A29-01": (*_TRIGGER, "a person is taken out of the sender's index: a person must look at the record"),
    "ADT-A29-02": (*_TRIGGER, "the same"),
    "ADT-A41-01": (*_TRIGGER, "accounts are merged: an account of the sender's till is not followed"),
    "ADT-A41-02": (*_TRIGGER, "the same, of two persons"),
    "ADT-A45-01": (*_TRIGGER, "visits move from one number to another: a person must look at both records"),
    "ADT-A45-02": (*_TRIGGER, "the same, of two visits"),
    "ADT-A47-01": (*_TRIGGER, "a number is exchanged for another: a person must look at both records"),
    "ADT-A47-02": (*_TRIGGER, "the same, of two numbers"),
    "ORM-O01-04": ("missing-segment", "OBR|RXO", "an order of goods (RQD, RQ1): no room orders goods by message"),
    "ORM-O01-05": ("missing-segment", "OBR|RXO", "an order of a diet (ODS): no room keeps diets"),
    "PC1-Problem-Add-v2.3.1": (*_TRIGGER, "a hospital's problem list: the family doctor's room keeps problems"),
    "PC1-Problem-Delete-v2.3.1": (*_TRIGGER, "the same"),
    "PC1-Problem-Update-v2.3.1": (*_TRIGGER, "the same"),
    "RDE-O11-01": (*_TRIGGER, "a coded drug order: prescriptions come by FHIR, by v2 not yet"),
    "RDE-O11-02": (*_TRIGGER, "the same"),
    "RDE-O25-01": (*_TRIGGER, "a refill of it"),
    "RDE-O25-02": (*_TRIGGER, "the same"),
    "RDS-O13-01": (*_TRIGGER, "dispensing: it comes by FHIR, by v2 not yet"),
    "RDS-O13-02": (*_TRIGGER, "the same"),
    "REF-I12-01": (*_TRIGGER, "a referral: it needs the bed query and the answers of FHIR messaging"),
    "REF-I12-02": (*_TRIGGER, "the same"),
    "REF-I14-01": (*_TRIGGER, "a referral called back: the same"),
    "REF-I14-02": (*_TRIGGER, "the same"),
}
# what a sample says that is wrong, and what is told of it
FAULTS: Final = {
    "ADT04-23": {("missing-field", "IN1", "Coverage.payor"), ("missing-field", "IN1[2]", "Coverage.payor")},
}
