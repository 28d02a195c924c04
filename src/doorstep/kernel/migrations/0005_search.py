"""What searches need beside the ledger's tables: order by time and by change, and narrow tables of values."""

from __future__ import annotations

from importlib import import_module

from django.db import migrations

ledger = import_module("doorstep.kernel.migrations.0003_ledger")

# A span longer than this is in an index of its own, so that a search from a day on need not look at all before it.
CURRENT = """
CREATE INDEX fhir_{name}_at ON fhir_{name} (at DESC NULLS LAST, id);
CREATE INDEX fhir_{name}_source ON fhir_{name} (source, at DESC NULLS LAST, id);
CREATE INDEX fhir_{name}_updated ON fhir_{name} (updated, id);
CREATE INDEX fhir_{name}_long ON fhir_{name} (source, at DESC NULLS LAST, id)
  WHERE at IS NOT NULL AND (at_end IS NULL OR at_end - at > interval '32 days');
"""
NARROW = """
ALTER TABLE fhir_{name}_code ADD COLUMN source uuid;
UPDATE fhir_{name}_code c SET source = r.source FROM fhir_{name} r WHERE r.id = c.id;
ALTER TABLE fhir_{name}_code ALTER COLUMN source SET NOT NULL;
CREATE INDEX fhir_{name}_code_source ON fhir_{name}_code (source, code, at DESC, id);
"""
VALUES = """
CREATE TABLE fhir_string (
  param bigint NOT NULL, id text COLLATE "C" NOT NULL, value text COLLATE "C" NOT NULL, raw text COLLATE "C"
);
CREATE INDEX fhir_string_value ON fhir_string (param, value, id);
CREATE INDEX fhir_string_id ON fhir_string (id, param);
CREATE TABLE fhir_date (
  param bigint NOT NULL, id text COLLATE "C" NOT NULL, lo timestamptz, hi timestamptz
);
CREATE INDEX fhir_date_value ON fhir_date (param, lo, id);
CREATE INDEX fhir_date_id ON fhir_date (id, param);
CREATE TABLE fhir_number (
  param bigint NOT NULL, id text COLLATE "C" NOT NULL, lo double precision NOT NULL, hi double precision NOT NULL
);
CREATE INDEX fhir_number_value ON fhir_number (param, lo, id);
CREATE INDEX fhir_number_id ON fhir_number (id, param);
CREATE INDEX fhir_past_updated ON fhir_past (updated, id, version);
CREATE INDEX fhir_past_type_updated ON fhir_past (type, updated, id, version);
"""


def statements() -> str:
    """All in one script."""
    current = [CURRENT.format(name=t.lower()) for t in ledger.TYPES.split()]
    return "\n".join([*current, *(NARROW.format(name=t.lower()) for t in ledger.HOT), VALUES])


class Migration(migrations.Migration):
    dependencies = (("kernel", "0004_trail_search"),)
    operations = (migrations.RunSQL(statements(), migrations.RunSQL.noop),)
