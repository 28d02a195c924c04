"""Links all records of many institutions at once: Splink finds and compares the pairs, the model weighs them.

The same specification runs on DuckDB or, where a province outgrows one machine, on Spark: Splink writes the SQL of
both. What Splink is not asked for is the weight: a household is capped, which no product of independent weights is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import log2
from typing import Any, Final

import duckdb
from splink import DuckDBAPI, Linker, SettingsCreator
from splink import comparison_level_library as levels
from splink.blocking_rule_library import CustomRule
from splink.comparison_library import CustomComparison

from doorstep.linkage.keys import KEYS, Key
from doorstep.linkage.model import CAP, RAREST, Model
from doorstep.linkage.specification import COMPARISONS, Comparison

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


def weigh(model: Model, predicted: str) -> str:
    """The SELECT of (key_l, key_r, bits) over Splink's predictions: as `Model.score` weighs them."""
    alone = " + ".join(_bits(each) for each in COMPARISONS if not each.household)
    together = " + ".join(_bits(each) for each in COMPARISONS if each.household)
    prior = log2(model.prior / (1 - model.prior))
    return f"SELECT key_l, key_r, {prior!r} + {alone} + least({CAP!r}, {together}) AS bits FROM {predicted}"


def _bits(comparison: Comparison) -> str:
    frequent = any(level.frequency for level in comparison.levels)
    return f"mw_{comparison.name}" + (f" + mw_tf_adj_{comparison.name}" if frequent else "")


def link(db: duckdb.DuckDBPyConnection, table: str, model: Model, out: str) -> int:
    """Compare all pairs of a table of records that share a key; `out` gets (key_l, key_r, bits). Returns how many."""
    api = DuckDBAPI(connection=db)
    linker = Linker(api.register(table), settings(model), log_level=None)
    predicted = linker.inference.predict()
    db.execute(f"CREATE OR REPLACE TABLE {out} AS {weigh(model, predicted.physical_name)}")
    predicted.drop_table_from_database_and_remove_from_cache()
    found = db.execute(f"SELECT count(*) FROM {out}").fetchone()
    return int(found[0]) if found else 0
