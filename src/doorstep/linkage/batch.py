"""Links all records of many institutions at once: records that share a key are compared and weighed by SQL.

The same specification runs on DuckDB or, where a province outgrows one machine, on Spark. Splink may train and weigh by
it too (`settings`); a batch does not go through it, for Splink's own prediction takes four times as long over the same
levels, and weighs against strangers only where a pair may be two members of a household.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import log2
from typing import Any, Final

from splink import SettingsCreator
from splink import comparison_level_library as levels
from splink.blocking_rule_library import CustomRule
from splink.comparison_library import CustomComparison

from doorstep.linkage import blocking, engines, parting
from doorstep.linkage.keys import KEYS, RARE, Key
from doorstep.linkage.model import RAREST, Model
from doorstep.linkage.specification import COMPARISONS, Comparison, Level
from doorstep.linkage.training import FREQUENT, frequency_sql

_BASE: Final = 16
"""More than any comparison has levels."""
_SIDE: Final = re.compile(r"\b([lr])\.([a-z_]+)")


def settings(model: Model | None, keys: Sequence[Key] = KEYS) -> SettingsCreator:
    """The specification and a model as Splink has them; None: for Splink to train one of its own."""
    return SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="key",
        probability_two_random_records_match=model.prior if model else 0.0001,
        comparisons=[_comparison(each, model) for each in COMPARISONS],
        blocking_rules_to_generate_predictions=[CustomRule(each.sql) for each in keys],
        retain_matching_columns=False,
        retain_intermediate_calculation_columns=True,
    )


def _comparison(comparison: Comparison, model: Model | None) -> CustomComparison:
    made: list[Any] = [levels.CustomLevel(_sided(comparison.silent_sql)).configure(is_null_level=True)]
    for number, level in enumerate(comparison.levels):
        known = _known(comparison, number, model)
        if level.frequency:
            known |= {
                "tf_adjustment_column": level.frequency,
                "tf_minimum_u_value": RAREST,
                "disable_tf_exact_match_detection": True,  # each level has an u and a column of its own
            }
        made.append(levels.CustomLevel(_sided(level.sql), level.name).configure(**known))
    made.append(levels.ElseLevel().configure(**_known(comparison, len(comparison.levels), model)))
    return CustomComparison(made, output_column_name=comparison.name)


def _known(comparison: Comparison, level: int, model: Model | None) -> dict[str, Any]:
    if model is None:
        return {}
    return {"m_probability": model.m[comparison.name][level], "u_probability": model.u[comparison.name][level]}


def _sided(sql: str) -> str:
    """Splink names the columns of a pair `name_l` and `name_r`."""
    return _SIDE.sub(r"\2_\1", sql)


def link(db: Any, table: str, model: Model, out: str, *, fresh: str = "", keys: Sequence[Key] = (*KEYS, *RARE)) -> int:
    """Compare all pairs of a table of records that share a key; `out` gets (key_l, key_r, bits). Returns how many.

    `db` is a DuckDB connection or a Spark session. With `fresh`, a table with the `key` of records that are new, only
    pairs with one of them are compared, and weigh what they would among all.
    """
    engine = engines.of(db)
    pairs, shares, reached, weights = (f"{out}_{name}" for name in ("pairs", "shares", "reached", "weights"))
    blocking.candidates(engine, table, keys, pairs, fresh)
    engine.make(shares, _shares(table))
    parting.compare(engine, table, pairs, reached, _reached(shares))
    codes = [int(code) for (code,) in engine.rows(f"SELECT DISTINCT code FROM {reached}")]
    engine.put(weights, ("code", "against_strangers", "kin"), [(code, *_weights(model, code)) for code in codes])
    engine.make(
        out,
        "SELECT key_l, key_r, least(strangers, kin) - log2(1 + pow(2, -abs(strangers - kin))) AS bits"
        " FROM (SELECT key_l, key_r, against_strangers + rarity AS strangers, kin"
        f" FROM {reached} r JOIN {weights} w ON w.code = r.code) weighed",
    )
    for name in (pairs, shares, reached, weights):
        engine.drop(name)
    return int(engine.rows(f"SELECT count(*) FROM {out}")[0][0])


def _shares(table: str) -> str:
    """The SELECT of how frequent each record's own values are."""
    columns = ", ".join(f"tf_{column}" for column in FREQUENT)
    joined = " ".join(f"LEFT JOIN ({frequency_sql(c, table)}) f_{c} ON f_{c}.{c} = t.{c}" for c in FREQUENT)
    return f"SELECT t.key AS key, {columns} FROM {table} t {joined}"


def _reached(shares: str) -> parting.Compared:
    """The SELECT of pairs with the levels that they reach, as one number, and the bits of the values they agree on."""
    levels_of = ", ".join(f"{c.sql} AS {c.name}" for c in COMPARISONS)
    columns = ", ".join(f"tf_{column}" for column in FREQUENT)
    code = " + ".join(f"CAST({c.name} + 1 AS BIGINT) * {_BASE**at}" for at, c in enumerate(COMPARISONS))
    rarity = " + ".join(
        f"CASE {c.name} {' '.join(_rarity(n, level.frequency) for n, level in _frequent(c))} ELSE 0 END"
        for c in COMPARISONS
        if _frequent(c)
    )
    return lambda pairs: (
        f"SELECT key_l, key_r, {code} AS code, {rarity} AS rarity"
        f" FROM (SELECT key_l, key_r, {levels_of}, {columns} FROM {pairs} JOIN {shares} s ON s.key = key_l) compared"
    )


def _frequent(comparison: Comparison) -> list[tuple[int, Level]]:
    return [(n, level) for n, level in enumerate(comparison.levels) if level.frequency]


def _rarity(number: int, column: str) -> str:
    return f"WHEN {number} THEN -log2(greatest(tf_{column}, {RAREST!r}))"


def _weights(model: Model, code: int) -> tuple[float, float]:
    """What the levels of a number weigh against strangers, but for the frequency of values, and against relatives."""
    strangers, kin = log2(model.prior / (1 - model.prior)), -log2(model.relatives)
    for comparison in COMPARISONS:
        code, level = divmod(code, _BASE)
        frequent = level > 0 and (level - 1) in dict(_frequent(comparison))
        strangers += model.bits(comparison, level - 1, 1.0 if frequent else None)
        kin += model.kin_bits(comparison, level - 1)
    return strangers, kin
