"""Splink's own linkage of the same records with the same comparisons and keys, trained as its documentation has it."""

# mypy: disable-error-code="import-untyped"
from __future__ import annotations

import logging

from splink import DuckDBAPI, Linker, block_on

from benchmarks.parts.linkage_data import Data
from doorstep.linkage import batch, blocking, engines
from doorstep.linkage.keys import KEYS, RARE

THRESHOLD = 6.0
MOST_PAIRS = 4e6


def splink(data: Data) -> str:
    """EM by two blocks (what is said in the set decides which), then the pairs that we weigh; returns their table."""
    logging.getLogger("splink").setLevel(logging.ERROR)
    api = DuckDBAPI(connection=data.db)
    linker = Linker(api.register("facts"), batch.settings(None), log_level=None)
    said = {
        column: data.db.execute(f"SELECT count(*) FROM facts WHERE {column} <> ''").fetchone()
        for column in ("number", "insurance", "phone")
    }
    known = [column for column, found in said.items() if found and found[0]]
    sure = [*known, ("reading", "birth")][0]
    rule = block_on(*([sure] if isinstance(sure, str) else sure))
    linker.training.estimate_probability_two_random_records_match([rule], recall=0.7)
    linker.training.estimate_u_using_random_sampling(max_pairs=MOST_PAIRS, seed=7)
    other = block_on("phone") if "phone" in known else block_on(*(known[:1] or ["birth"]))
    for block in (block_on("reading", "birth"), other):
        linker.training.estimate_parameters_using_expectation_maximisation(block)
    engine = engines.of(data.db)
    blocking.candidates(engine, "facts", (*KEYS, *RARE), "same_pairs")
    data.db.execute(
        "CREATE OR REPLACE VIEW blocked AS"
        " SELECT key_l AS join_key_l, key_r AS join_key_r, '0' AS match_key FROM same_pairs"
    )
    linker.table_management.register_blocked_pairs_for_predict(api.register("blocked"))
    predicted = linker.inference.predict(warning_mode="never")
    data.db.execute(
        f"CREATE OR REPLACE TABLE splinks AS SELECT key_l, key_r, match_weight AS bits FROM {predicted.physical_name}"
    )
    predicted.drop_table_from_database_and_remove_from_cache()
    return "splinks"
