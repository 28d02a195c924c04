"""CDA to FHIR R4 by tables: ``standard()`` is a set of them, ``tables_of`` reads a changed one, ``convert`` uses it,
``prove`` runs its own cases."""

from doorstep.adapters.cda.mapping.engine import convert
from doorstep.adapters.cda.mapping.proving import cases_of, prove
from doorstep.adapters.cda.mapping.rows import Tables
from doorstep.adapters.cda.mapping.shapes import Context, Converted, Kin
from doorstep.adapters.cda.mapping.tables import TablesWrong, standard, standard_files, tables_of

__all__ = [
    "Context",
    "Converted",
    "Kin",
    "Tables",
    "TablesWrong",
    "cases_of",
    "convert",
    "prove",
    "standard",
    "standard_files",
    "tables_of",
]
