"""From records to clusters: what training learns, that batch and online scores agree, and that it finds people."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from splink import DuckDBAPI, Linker

from doorstep.linkage import batch, training
from doorstep.linkage.clustering import cluster
from doorstep.linkage.evaluation import b_cubed
from doorstep.linkage.facts import Facts, Said, standard
from doorstep.linkage.model import BRIDGE, JOIN, Model
from doorstep.linkage.tests import making
from doorstep.linkage.tests.people import records, table
from doorstep.linkage.tests.test_model import MODEL
from doorstep.linkage.training import EXPECTED_M


@pytest.fixture(scope="module")
def trained() -> tuple[list[Facts], list[int], Model]:
    made, whose = records(400)
    return made, whose, training.train(table(made), "facts", pairs=200_000)


def test_it_learns_what_agreement_is_worth(trained: tuple[list[Facts], list[int], Model]) -> None:
    _, _, model = trained
    assert model.m["name"][0] > 0.85
    assert model.m["birth"][0] > 0.9
    assert model.u["birth"][0] < 0.001 < 2 * model.prior
    assert model.m["rank"] == pytest.approx(EXPECTED_M["rank"])  # nobody is a twin here
    assert model.m["phone"][0] > 0.4
    for name in ("name", "birth", "number", "insurance", "phone"):
        assert model.m[name][0] > model.u[name][0], name
        assert model.m[name][-1] < model.u[name][-1], name


def test_the_same_records_teach_the_same(trained: tuple[list[Facts], list[int], Model]) -> None:
    made, _, model = trained
    shuffled = [*made]
    Random(5).shuffle(shuffled)
    again = training.train(table(shuffled), "facts", pairs=200_000)
    assert again == model


def test_a_batch_weighs_a_pair_as_the_online_scorer_does() -> None:
    dice = Random(3)
    made = [
        standard(
            Said(
                f"{n:04}", dice.choice(making.NAMES), dice.choice(("1", "2", "")), dice.choice(making.BIRTHS),
                dice.choice(making.IDS), dice.choice(making.PHONES), dice.choice(("A1", "A2", "")),
                dice.choice(making.HOMES), dice.choice(("李梅", "王强", "")), dice.choice(("", *making.IDS[:2])),
                dice.choice((0, 0, 1, 2)),
            )
        )
        for n in range(250)
    ]  # fmt: skip
    db = table(made)
    count = batch.link(db, "facts", MODEL, "edges")
    frequencies, by_key = training.frequencies(db, "facts"), {each.key: each for each in made}
    rows = db.execute("SELECT key_l, key_r, bits FROM edges").fetchall()
    assert count == len(rows) > 1000
    for left, right, bits in rows:
        online = MODEL.score(by_key[left], by_key[right], frequencies)
        assert online.bits == pytest.approx(bits, abs=1e-6), (left, right)


def test_splink_weighs_by_the_same_specification() -> None:
    made, _ = records(60)
    db = table(made)
    api = DuckDBAPI(connection=db)
    linker = Linker(api.register("facts"), batch.settings(MODEL), log_level=None)
    for column in training.FREQUENT:
        db.execute(f"CREATE TABLE tf_{column} AS {training.frequency_sql(column, 'facts')}")
        linker.table_management.register_term_frequency_lookup(api.register(f"tf_{column}"), column)
    found = linker.inference.predict().as_duckdbpyrelation().fetchnumpy()
    frequencies, by_key = training.frequencies(db, "facts"), {each.key: each for each in made}
    assert len(found["key_l"]) > 50
    for left, right, weight in zip(found["key_l"], found["key_r"], found["match_weight"], strict=True):
        score = MODEL.score(by_key[left], by_key[right], frequencies)
        against_strangers = score.bits - next(part.bits for part in score.parts if part.comparison == "household")
        assert weight == pytest.approx(against_strangers, abs=1e-6)


def test_people_are_found_again(trained: tuple[list[Facts], list[int], Model]) -> None:
    made, whose, model = trained
    db = table(made)
    batch.link(db, "facts", model, "edges")
    rows = db.execute("SELECT key_l, key_r, bits FROM edges ORDER BY ALL").fetchall()
    left, right = (np.array([int(row[side]) for row in rows]) for side in (0, 1))
    ids = np.unique([each.number for each in made], return_inverse=True)[1]
    trusted = np.where([not each.number for each in made], -1, ids)
    bits = np.array([row[2] for row in rows])
    labels = cluster(len(made), left, right, bits, trusted=trusted, threshold=JOIN, bridge=BRIDGE)
    found = b_cubed(labels, np.array(whose))
    assert (found.f1.value or 0) > 0.98, found
