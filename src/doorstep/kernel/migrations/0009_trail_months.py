"""The trail by months: lines in a table a month, seals that know a line by its time, signed heads, what was retired.

Every line is copied once into the table of its month: some seconds a million lines. A month begins in China.
"""

from __future__ import annotations

from django.db import migrations, models
from django.db.models import Q

LINES = """
ALTER TABLE kernel_trailseal RENAME TO old_trailseal;
ALTER TABLE old_trailseal RENAME CONSTRAINT kernel_trailseal_pkey TO old_trailseal_pkey;
ALTER TABLE kernel_trailline RENAME TO old_trailline;
ALTER TABLE old_trailline RENAME CONSTRAINT kernel_trailline_pkey TO old_trailline_pkey;
ALTER SEQUENCE kernel_trailline_id_seq RENAME TO old_trailline_id_seq;
DROP INDEX trail_resident, trail_actor, trail_action, trail_name, trail_at;

CREATE SEQUENCE kernel_trailline_id_seq;
CREATE TABLE kernel_trailline (
  id bigint NOT NULL DEFAULT nextval('kernel_trailline_id_seq'),
  at timestamptz NOT NULL,
  actor varchar(100) NOT NULL,
  name varchar(100) NOT NULL,
  post uuid,
  organisation uuid,
  purpose varchar(20) NOT NULL,
  action varchar(80) NOT NULL,
  outcome varchar(40) NOT NULL,
  subject_type varchar(60) NOT NULL,
  subject_id varchar(100) NOT NULL,
  resident uuid,
  detail jsonb NOT NULL,
  request varchar(64) NOT NULL,
  CONSTRAINT kernel_trailline_pkey PRIMARY KEY (at, id)
) PARTITION BY RANGE (at);
ALTER SEQUENCE kernel_trailline_id_seq OWNED BY kernel_trailline.id;
CREATE INDEX trail_resident ON kernel_trailline (resident, at, id) WHERE resident IS NOT NULL;
CREATE INDEX trail_actor ON kernel_trailline (actor, at, id);
CREATE INDEX trail_action ON kernel_trailline (action varchar_pattern_ops, at, id);
CREATE INDEX trail_name ON kernel_trailline (name varchar_pattern_ops, at, id);
CREATE TABLE kernel_trailline_rest PARTITION OF kernel_trailline DEFAULT;
CREATE TRIGGER kernel_trailline_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON kernel_trailline
  FOR EACH STATEMENT EXECUTE FUNCTION doorstep_append_only();
CREATE TRIGGER kernel_trailline_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON kernel_trailline_rest
  FOR EACH STATEMENT EXECUTE FUNCTION doorstep_append_only();
"""
# A trigger by statement guards the table that a statement names and no other: every month has one of its own.
# What stands in the rest for the month is moved; its lines keep their numbers, and the chain knows them as before.
MONTH = """
CREATE FUNCTION doorstep_trail_month(day date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  first timestamp := date_trunc('month', day::timestamp);
  lower timestamptz := first AT TIME ZONE 'Asia/Shanghai';
  upper timestamptz := (first + interval '1 month') AT TIME ZONE 'Asia/Shanghai';
  name text := 'kernel_trailline_' || to_char(first, 'YYYY_MM');
BEGIN
  PERFORM pg_advisory_xact_lock(x'646f6d6f'::int);
  IF to_regclass(name) IS NOT NULL THEN RETURN false; END IF;
  LOCK TABLE kernel_trailline_rest IN SHARE ROW EXCLUSIVE MODE;
  EXECUTE format('CREATE TABLE %I (LIKE kernel_trailline INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', name);
  IF EXISTS (SELECT FROM kernel_trailline_rest WHERE at >= lower AND at < upper) THEN
    ALTER TABLE kernel_trailline_rest DISABLE TRIGGER USER;
    EXECUTE format('WITH moved AS (DELETE FROM kernel_trailline_rest WHERE at >= $1 AND at < $2 RETURNING *)
      INSERT INTO %I SELECT * FROM moved', name) USING lower, upper;
    ALTER TABLE kernel_trailline_rest ENABLE TRIGGER USER;
  END IF;
  EXECUTE format('ALTER TABLE kernel_trailline ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', name, lower, upper);
  EXECUTE format('CREATE TRIGGER kernel_trailline_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I
    FOR EACH STATEMENT EXECUTE FUNCTION doorstep_append_only()', name);
  RETURN true;
END $$;
"""
MOVE = """
SELECT doorstep_trail_month(month::date) FROM (
  SELECT DISTINCT date_trunc('month', at AT TIME ZONE 'Asia/Shanghai') AS month FROM old_trailline
  UNION SELECT date_trunc('month', now() AT TIME ZONE 'Asia/Shanghai') + n * interval '1 month'
  FROM generate_series(0, 3) n
) months;
INSERT INTO kernel_trailline SELECT
  id, at, actor, name, post, organisation, purpose, action, outcome, subject_type, subject_id, resident, detail, request
  FROM old_trailline;
SELECT setval('kernel_trailline_id_seq', coalesce((SELECT max(id) FROM old_trailline), 1),
  EXISTS (SELECT FROM old_trailline));
"""
SEALS = """
CREATE TABLE kernel_trailseal (
  position bigint NOT NULL CONSTRAINT kernel_trailseal_pkey PRIMARY KEY,
  line_id bigint NOT NULL,
  at timestamptz NOT NULL,
  hash bytea NOT NULL
);
INSERT INTO kernel_trailseal SELECT s.position, s.line_id, l.at, s.hash
  FROM old_trailseal s JOIN old_trailline l ON l.id = s.line_id;
ALTER TABLE kernel_trailseal ADD CONSTRAINT seal_of_a_line_once UNIQUE (at, line_id);
CREATE TRIGGER kernel_trailseal_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON kernel_trailseal
  FOR EACH STATEMENT EXECUTE FUNCTION doorstep_append_only();
DROP TABLE old_trailseal;
DROP TABLE old_trailline;
"""
GUARD = """
CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
  FOR EACH STATEMENT EXECUTE FUNCTION doorstep_append_only();
"""
PATTERN = ("varchar_pattern_ops", "timestamptz_ops", "int8_ops")


def old_indexes() -> list[migrations.RemoveIndex]:
    """The indexes whose order was a line's number."""
    return [migrations.RemoveIndex("trailline", f"trail_{name}") for name in ("resident", "actor", "action", "name")]


def new_indexes() -> list[migrations.AddIndex]:
    """The indexes whose order is time."""
    made = (
        models.Index(fields=("resident", "at", "id"), name="trail_resident", condition=Q(resident__isnull=False)),
        models.Index(fields=("actor", "at", "id"), name="trail_actor"),
        models.Index(fields=("action", "at", "id"), name="trail_action", opclasses=PATTERN),
        models.Index(fields=("name", "at", "id"), name="trail_name", opclasses=PATTERN),
    )
    return [migrations.AddIndex("trailline", index) for index in made]


class Migration(migrations.Migration):
    dependencies = (("kernel", "0008_ends"),)
    operations = (
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(LINES + MONTH + MOVE + SEALS)],
            state_operations=[
                *old_indexes(),
                migrations.RemoveIndex("trailline", "trail_at"),
                *new_indexes(),
                migrations.DeleteModel("TrailSeal"),
                migrations.CreateModel(
                    name="TrailSeal",
                    fields=[
                        ("position", models.BigIntegerField(primary_key=True, serialize=False)),
                        ("line_id", models.BigIntegerField()),
                        ("at", models.DateTimeField()),
                        ("hash", models.BinaryField(max_length=32)),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(fields=("at", "line_id"), name="seal_of_a_line_once"),
                        ],
                    },
                ),
            ],
        ),
        migrations.CreateModel(
            name="TrailHead",
            fields=[
                ("position", models.BigIntegerField(primary_key=True, serialize=False)),
                ("day", models.DateField()),
                ("lines", models.BigIntegerField()),
                ("at", models.DateTimeField()),
                ("hash", models.BinaryField(max_length=32)),
                ("algorithm", models.CharField(max_length=40)),
                ("key", models.CharField(max_length=64)),
                ("signature", models.BinaryField(max_length=256)),
            ],
        ),
        migrations.CreateModel(
            name="TrailRetired",
            fields=[
                ("table", models.CharField(max_length=63, primary_key=True, serialize=False)),
                ("lower", models.DateTimeField()),
                ("upper", models.DateTimeField()),
                ("lines", models.BigIntegerField()),
                ("position", models.BigIntegerField()),
                ("at", models.DateTimeField()),
                ("algorithm", models.CharField(max_length=40)),
                ("key", models.CharField(max_length=64)),
                ("signature", models.BinaryField(max_length=256)),
            ],
        ),
        migrations.RunSQL(
            GUARD.format(table="kernel_trailhead") + GUARD.format(table="kernel_trailretired"), migrations.RunSQL.noop
        ),
    )
