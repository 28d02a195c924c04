"""HL7 v2 to FHIR R4 by tables: ``standard()`` is a set of them, ``tables_of`` reads a changed one, ``convert`` and
``preview`` use it, ``compose`` writes messages by it, ``prove`` runs its own cases."""

from doorstep.adapters.hl7v2.mapping.composing import Envelope, compose
from doorstep.adapters.hl7v2.mapping.engine import Memory, convert, preview
from doorstep.adapters.hl7v2.mapping.joining import joined
from doorstep.adapters.hl7v2.mapping.proving import cases_of, prove
from doorstep.adapters.hl7v2.mapping.rows import Tables
from doorstep.adapters.hl7v2.mapping.shapes import Context, Converted, Previewed, Unmappable, Went
from doorstep.adapters.hl7v2.mapping.tables import TablesWrong, standard, standard_files, tables_of

__all__ = [
    "Context",
    "Converted",
    "Envelope",
    "Memory",
    "Previewed",
    "Tables",
    "TablesWrong",
    "Unmappable",
    "Went",
    "cases_of",
    "compose",
    "convert",
    "joined",
    "preview",
    "prove",
    "standard",
    "standard_files",
    "tables_of",
]
