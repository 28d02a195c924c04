"""EM finds m again from pairs without labels, tells couples from one person, and takes what is known for certain."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from doorstep.linkage import em, training
from doorstep.linkage.expected import EXPECTED_KIN, EXPECTED_M, EXPECTED_U, RELATIVES
from doorstep.linkage.facts import Facts, Said, standard
from doorstep.linkage.model import Model
from doorstep.linkage.specification import COMPARISONS, SILENT
from doorstep.linkage.tests.people import records, table

TRUE_M = {
    "name": (0.70, 0.05, 0.02, 0.02, 0.05, 0.04, 0.03, 0.02, 0.03, 0.02, 0.02),
    "birth": (0.90, 0.001, 0.04, 0.01, 0.01, 0.009, 0.03),
    "phone": (0.60, 0.05, 0.35),
    "insurance": (0.80, 0.02, 0.02, 0.16),
}
AMONG, SAME, RELATED = 1_000_000_000, 4_000, 8_000
NOTHING = {c.name: [0.0] * len(c.names) for c in COMPARISONS}


def vectors(dice: np.random.Generator, count: int, shares: dict[str, tuple[float, ...]]) -> list[tuple[int, ...]]:
    """Pairs that reach levels of some comparisons by chance, and are silent in all others."""
    levels = np.full((count, len(COMPARISONS)), SILENT)
    for at, comparison in enumerate(COMPARISONS):
        if comparison.name in shares:
            p = np.array(shares[comparison.name])
            levels[:, at] = dice.choice(len(p), count, p=p / p.sum())
    return [tuple(row) for row in levels.tolist()]


@pytest.fixture(scope="module")
def learnt() -> Model:
    dice = np.random.default_rng(5)
    kin = {name: EXPECTED_KIN.get(name, TRUE_M[name]) for name in TRUE_M}
    # strangers that share a key agree on something: here on the birth date
    strangers = {name: EXPECTED_U[name] for name in TRUE_M} | {"birth": (1.0, 0, 0, 0, 0, 0, 0)}
    rows = [
        row for n, shares in ((SAME, TRUE_M), (RELATED, kin), (20_000, strangers)) for row in vectors(dice, n, shares)
    ]
    found, number = np.unique(np.array(rows), axis=0, return_counts=True)
    met = {name: [em.Met(share, 0.0) for share in shares] for name, shares in EXPECTED_U.items()}
    start = Model(EXPECTED_M, EXPECTED_U, 1e-5)
    return em.settle(
        [(*row, n) for row, n in zip(found.tolist(), number.tolist(), strict=True)], AMONG, start, met, NOTHING, 20.0
    )


def test_em_finds_m_again(learnt: Model) -> None:
    for name, shares in TRUE_M.items():
        assert np.abs(np.subtract(learnt.m[name], shares)).max() < 0.03, name


def test_em_counts_the_pairs_of_one_person_and_of_one_household(learnt: Model) -> None:
    assert learnt.prior * AMONG == pytest.approx(SAME, rel=0.05)
    # strangers and relatives are hard to tell where neither name nor phone agrees
    assert 1 < learnt.relatives < 4


def test_what_is_known_to_be_one_persons_counts() -> None:
    row = (0, *([SILENT] * (len(COMPARISONS) - 1)), 10)
    known = NOTHING | {"sex": [900.0, 100.0]}
    met = {name: [em.Met(share, 0.0) for share in shares] for name, shares in EXPECTED_U.items()}
    found = em.settle([row], 1000, Model(EXPECTED_M, EXPECTED_U, 0.01), met, known, 20.0)
    assert found.m["sex"][1] == pytest.approx((100 + 20 * 0.006) / 1020)


def unnumbered() -> list[Facts]:
    """Records of which none has an ID."""
    made, _ = records(300)
    return [standard(Said(f.key, f.name, f.sex, f.said_birth, "", f.phone, f.insurance)) for f in made]


def test_records_without_ids_teach_by_em() -> None:
    model = training.train(table(unnumbered()), "facts", pairs=100_000)
    assert model.m["name"][0] > 0.8
    assert model.m["birth"][0] > 0.85
    assert model.m["insurance"][0] > 0.9
    assert 1e-4 < model.prior < 1e-2


def test_what_people_answered_counts() -> None:
    made, whose = records(300)
    db = table(made)
    before = training.train(db, "facts", pairs=100_000)
    asked = [(a, b) for a, b in product(range(40), range(40)) if a < b]
    judged = [(made[a].key, made[b].key, whose[a] == whose[b]) for a, b in asked]
    after = training.train(db, "facts", pairs=100_000, judged=judged)
    assert before != after
    # all that was called the same once more: agreement stays what it was; all called different: no u falls
    assert after.m["name"][0] == pytest.approx(before.m["name"][0], abs=0.05)
    swapped = training.train(db, "facts", pairs=100_000, judged=[(a, b, not same) for a, b, same in judged])
    assert swapped.m["name"][0] < before.m["name"][0] - 0.2
    assert swapped.u["insurance"][0] > before.u["insurance"][0]


def test_a_table_of_one_record_teaches_nothing() -> None:
    with pytest.raises(training.Untrained):
        training.train(table(unnumbered()[:1]), "facts")


def test_expected_levels_are_shares() -> None:
    for kind in (EXPECTED_M, EXPECTED_U, EXPECTED_KIN):
        for comparison in COMPARISONS:
            if comparison.name in kind:
                assert len(kind[comparison.name]) == len(comparison.names), comparison.name
                assert sum(kind[comparison.name]) == pytest.approx(1, abs=0.01), comparison.name
    assert RELATIVES > 0
