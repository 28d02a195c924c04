"""``doorstep match``: trains, compares, uses, links and fills from the command line, and says what was wrong."""

from __future__ import annotations

import pytest

from doorstep.registers.organisations.tests import factory
from doorstep.registers.residents import api, models
from doorstep.registers.residents.tests.test_linking import incoming, scatter, take
from doorstep.site import cli, matching

pytestmark = pytest.mark.django_db


def match(*arguments: str) -> int:
    return matching.run(cli.parser().parse_args(["match", "--quiet", *arguments]))


@pytest.fixture
def people() -> factory.District:
    district = factory.make()
    take(*incoming(40, district.lead)[0])
    return district


def test_train_shadow_use_link(people: factory.District, capsys: pytest.CaptureFixture[str]) -> None:
    assert match("train") == 0
    made = str(models.MatchModel.objects.get().pk)
    assert f"model {made}" in capsys.readouterr().out
    assert match("use", made) == 1
    assert "请先试用" in capsys.readouterr().err
    assert match("shadow", made) == 0
    assert "pairs" in capsys.readouterr().out
    assert match("use", made) == 0
    assert api.models()[0].in_use
    assert match("list") == 0
    assert "in use" in capsys.readouterr().out
    home = models.ResidentRecord.objects.unscoped("test").filter(how="number").first()
    assert home is not None
    scatter(home.pk)
    capsys.readouterr()
    assert match("link", "--institution", str(people.lead)) == 0
    assert "residents merged" in capsys.readouterr().out
    assert match("link", "--since", "2000-01-01") == 0
    assert match("fill") == 0
    assert "records filled: 0" in capsys.readouterr().out


def test_what_is_unknown_is_named(people: factory.District, capsys: pytest.CaptureFixture[str]) -> None:
    assert match("link", "--institution", "nowhere") == 2
    assert "no such institution: nowhere" in capsys.readouterr().err
    assert match("link", "--institution", str(people.lead), "--since", "2020-01-01") == 2
    assert match("shadow", "1234567") == 1


def test_it_asks_for_an_act(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        match()
    with pytest.raises(SystemExit):
        match("link", "--since", "yesterday")
