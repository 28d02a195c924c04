"""HL7 CDA R2: Chinese shared documents (WS/T 500, WS/T 483) and C-CDA, read safely, shown readable, mapped to FHIR R4.

Pure code: it knows no database, no room and no network. ``tree.parse`` reads the bytes, ``document`` what they say,
``narrative`` makes safe HTML of a section, ``mapping`` a transaction by tables that a mapper can change.
"""
