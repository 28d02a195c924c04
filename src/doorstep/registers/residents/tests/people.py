"""Made-up people as several institutions tell of them, with the slips of a desk: for tests of the index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from hypothesis import strategies as st

from doorstep.registers.residents.rules.facts import Identifier, Kind, tidy
from doorstep.registers.residents.shapes import Address, Guardian, Incoming, Name, Phone
from doorstep.registers.residents.tests.conftest import number, resident_id

HOME = "石桥区石桥镇阳光社区锦绣花园3幢2单元501室"


@dataclass(frozen=True)
class Somebody:
    """A person: what is true of them."""

    name: str
    sex: str
    birth: date
    phone: str
    sequence: int
    card: str
    address: str = HOME
    guardian: str = ""
    rank: int = 0
    slips: tuple[str, ...] = field(default=())


PEOPLE: Sequence[Somebody] = (
    Somebody("王小明", "1", date(1985, 3, 15), "10031234567", 1, "C1"),
    Somebody("李梅", "2", date(1986, 7, 2), "10031234567", 2, "C2"),
    Somebody("王大宝", "1", date(2015, 5, 1), "10031234567", 3, "C3", guardian="李梅", rank=1),
    Somebody("王小宝", "1", date(2015, 5, 1), "10031234567", 5, "C5", guardian="李梅", rank=2),
    Somebody("欧阳若兰", "2", date(1951, 1, 9), "10039990000", 4, "C4", "麻石县石桥镇麻石村3组12号"),
)
SAYS = ("id", "card", "phone", "address", "birth", "homophone", "slip", "newborn")


def tell(who: Somebody, key: str, source: UUID, says: frozenset[str]) -> Incoming:
    """A record of somebody: of the parts in ``says`` it tells, or errs in."""
    numbers: list[Identifier] = []
    if "id" in says:
        numbers.append(resident_id(number(who.sequence, who.birth)))
    if "card" in says:
        numbers.append(tidy(Identifier(Kind.INSURANCE, "", f"0439921{who.card}", "")))
    name = who.name.replace("明", "铭").replace("兰", "蓝") if "homophone" in says else who.name
    if "newborn" in says and who.guardian:
        name = f"{who.guardian}之{'大小'[who.rank - 1]}子"
    born = who.birth.replace(day=who.birth.day + 1) if "slip" in says else who.birth
    return Incoming(
        key, source, tuple(numbers), (Name(name),), who.sex, born.isoformat() if "birth" in says else "",
        (Phone(who.phone),) if "phone" in says else (), (Address(who.address),) if "address" in says else (),
        guardians=(Guardian(who.guardian),) if who.guardian else (), rank=who.rank,
    )  # fmt: skip


def records(sources: Sequence[UUID]) -> st.SearchStrategy[list[Incoming]]:
    """A handful of records of the people above, each under an id of its own."""
    one = st.tuples(st.sampled_from(PEOPLE), st.sampled_from(sources), st.frozensets(st.sampled_from(SAYS)))
    return st.lists(one, min_size=2, max_size=8).map(
        lambda told: [tell(who, f"p{at}", source, says) for at, (who, source, says) in enumerate(told)]
    )
