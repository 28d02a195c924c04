"""The same linkage on Spark, beside DuckDB's: the same pairs, the same bits, the same clusters?

pyspark is no dependency of the program: `PYTHONPATH=…/site-packages` of an environment that has it; Java 17.
"""

# mypy: disable-error-code="import-not-found,import-untyped"
from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.parts.linkage_data import Data
from doorstep.linkage import batch
from doorstep.linkage.clustering import cluster
from doorstep.linkage.facts import COLUMNS
from doorstep.linkage.model import BRIDGE, JOIN, Model


def session(folder: Path) -> Any:
    """Spark on two cores of this machine."""
    from pyspark.sql import SparkSession

    conf = {
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": "4",
        "spark.driver.memory": "4g",
        "spark.local.dir": str(folder / "spark"),
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
    }
    builder = SparkSession.builder.master("local[2]").appName("doorstep-linkage")
    for name, value in conf.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setCheckpointDir(str(folder / "checkpoints"))
    spark.sparkContext.setLogLevel("ERROR")
    return spark


def beside(data: Data, facts: Path, model: Model, folder: Path) -> None:
    """Link on Spark what `edges` has of DuckDB, and print what differs."""
    spark = session(folder)
    spark.read.parquet(str(facts)).select(*COLUMNS).createOrReplaceTempView("facts")
    count = batch.link(spark, "facts", model, "edges")
    spark.sql("SELECT * FROM edges").write.parquet(str(folder / "edges.parquet"))
    data.db.execute(f"CREATE TABLE sparks AS SELECT * FROM '{folder}/edges.parquet/*.parquet'")
    found = data.db.execute(
        "SELECT count(*) FILTER (WHERE a.bits IS NULL OR b.bits IS NULL), max(abs(a.bits - b.bits))"
        " FROM edges a FULL JOIN sparks b ON a.key_l = b.key_l AND a.key_r = b.key_r"
    ).fetchone()
    labels = [
        cluster(
            len(data.truth), *data.edges(table), trusted=data.trusted, ranks=data.ranks, threshold=JOIN, bridge=BRIDGE
        )
        for table in ("edges", "sparks")
    ]
    print(
        f"Spark: {count:,} pairs, {found[0] if found else '?'} of them of one engine alone; bits differ by"
        f" {found[1] if found else 0:.1e} at most; the same clusters: {np.array_equal(labels[0], labels[1])}"
    )
