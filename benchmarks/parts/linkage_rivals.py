"""Splink's own linkage of the same records with the same comparisons, trained and blocked as its documentation has it.

What Splink's users leave NULL is an empty text here, so each of its rules says that the columns are not empty: a rule
that does not takes all records without a telephone for one block, and all without an ID for one person's.
"""

# mypy: disable-error-code="import-untyped"
from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from typing import Any, Final

from splink import DuckDBAPI, Linker
from splink.blocking_rule_library import CustomRule

from benchmarks.parts.linkage_data import Data
from doorstep.linkage import batch, blocking, engines
from doorstep.linkage.keys import KEYS, RARE, Key, Part

THRESHOLDS: Final = (0.0, 3.0, 6.0)
"""Bits from which on it joins: a probability of 0.5, 0.89 and 0.98. All are told: pairs want another than clusters."""
MOST_PAIRS: Final = 4e6
"""Pairs at random for u: ten times as many cost seven times as much, and changed 1 - F1 by 0.0001."""
RECALL: Final = 0.7
"""What the sure rule is told to find of all true pairs: of those of the made-up residents, it does."""
OF_HOUSEHOLDS: Final = ("guardian and phone", "guardian and home")
"""Keys for a model that knows relatives: with them Splink's 1 - F1 was 0.0130, without 0.0093 (20,000 persons)."""


def splink(data: Data) -> Iterator[tuple[str, str, float]]:
    """Splink's pairs by its own blocking rules, then of ours: its name, the table, and CPU seconds with training."""
    logging.getLogger("splink").setLevel(logging.ERROR)
    begun = time.process_time()
    api = DuckDBAPI(connection=data.db)
    keys = [key for key in KEYS if key.name not in OF_HOUSEHOLDS]
    linker = Linker(api.register("facts"), batch.settings(None, keys), log_level=None)
    _train(linker, data)
    trained = time.process_time()
    table = _predicted(linker, data, "splinks")
    yield "Splink", table, time.process_time() - begun
    again = time.process_time()
    blocking.candidates(engines.of(data.db), "facts", (*KEYS, *RARE), "same_pairs")
    data.db.execute(
        "CREATE OR REPLACE VIEW blocked AS"
        " SELECT key_l AS join_key_l, key_r AS join_key_r, '0' AS match_key FROM same_pairs"
    )
    linker.table_management.register_blocked_pairs_for_predict(api.register("blocked"))
    table = _predicted(linker, data, "splinks_of_ours")
    yield "our pairs", table, trained - begun + time.process_time() - again


def _train(linker: Any, data: Data) -> None:
    """The prior by a sure rule, u by pairs at random, m by EM in two blocks.

    What is said in the set decides the rules. A telephone is no block: EM takes couples for one person there, with
    insurance numbers instead 1 - F1 was 0.0093 and not 0.0116 (20,000 persons), with birth dates 0.0065 and not 0.0194
    (`opencr-bare`).
    """
    sure = next((column for column in ("number", "insurance", "phone") if _said(data, column)), "birth")
    other = "insurance" if _said(data, "insurance") else "birth"
    training = linker.training
    training.estimate_probability_two_random_records_match([_rule(sure)], recall=RECALL)
    training.estimate_u_using_random_sampling(max_pairs=MOST_PAIRS, seed=7)
    for columns in (("reading", "birth"), (other,)):
        training.estimate_parameters_using_expectation_maximisation(_rule(*columns))


def _said(data: Data, column: str) -> bool:
    return bool(data.db.execute(f"SELECT 1 FROM facts WHERE {column} <> '' LIMIT 1").fetchone())


def _rule(*columns: str) -> CustomRule:
    return CustomRule(Key("", tuple(Part(column) for column in columns)).sql)


def _predicted(linker: Any, data: Data, out: str) -> str:
    predicted = linker.inference.predict(warning_mode="never")
    data.db.execute(
        f"CREATE OR REPLACE TABLE {out} AS SELECT key_l, key_r, match_weight AS bits FROM {predicted.physical_name}"
    )
    predicted.drop_table_from_database_and_remove_from_cache()
    return out
