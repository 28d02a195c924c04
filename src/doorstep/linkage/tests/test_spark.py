"""The same specification on Spark gives the pairs and bits that DuckDB gives; where pyspark and Java are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from doorstep.linkage import batch, engines, parting
from doorstep.linkage.facts import COLUMNS
from doorstep.linkage.tests.people import records, table
from doorstep.linkage.tests.test_model import MODEL

sql = pytest.importorskip("pyspark.sql", reason="pyspark is no dependency of the program: 400 MB, and needs Java")


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder: Path = tmp_path_factory.mktemp("spark")
    builder = sql.SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    builder = builder.config("spark.sql.shuffle.partitions", "2").config("spark.sql.warehouse.dir", str(folder))
    session = builder.getOrCreate()
    session.sparkContext.setCheckpointDir(str(folder / "checkpoints"))
    yield session
    session.stop()


def test_spark_weighs_the_same_pairs_alike(spark: Any) -> None:
    made, _ = records(100)
    spark.createDataFrame([astuple(each) for each in made], list(COLUMNS)).createOrReplaceTempView("facts")
    count = batch.link(spark, "facts", MODEL, "edges")
    db = table(made)
    assert batch.link(db, "facts", MODEL, "edges") == count > 100
    there = {(a, b): bits for a, b, bits in spark.sql("SELECT key_l, key_r, bits FROM edges").collect()}
    here = {(a, b): bits for a, b, bits in db.execute("SELECT key_l, key_r, bits FROM edges").fetchall()}
    assert there == pytest.approx(here, abs=1e-6)


def test_spark_compares_in_parts_each_pair_once(spark: Any) -> None:
    keys = [f"{n:02}" for n in range(12)]
    spark.createDataFrame([(key,) for key in keys], ["key"]).createOrReplaceTempView("parted")
    spark.createDataFrame([*combinations(keys, 2)], ["key_l", "key_r"]).createOrReplaceTempView("both")
    engine = engines.of(spark)
    engine.most = 5
    parting.compare(engine, "parted", "both", "met", lambda pairs: f"SELECT l.key AS a, r.key AS b FROM {pairs}")
    assert sorted(engine.rows("SELECT a, b FROM met")) == [*combinations(keys, 2)]
