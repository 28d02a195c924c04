"""What an archive may do to who asks it: every fault has a word, and none keeps us waiting."""

from __future__ import annotations

import pytest

from doorstep.adapters.dicomweb import client
from doorstep.adapters.dicomweb.client import Archive, ArchiveFault
from doorstep.adapters.dicomweb.tests.archives import misbehaving

EXPECTED = {
    "garbage": "garbage", "not-http": "garbage", "redirect": "redirect", "unauthorised": "unauthorised", "cut": "cut",
    "large": "large", "status": "status", "silent": "silent", "dribble": "slow",
}  # fmt: skip


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "SILENCE", 0.5)
    monkeypatch.setattr(client, "WHOLE", 0.5)
    monkeypatch.setattr(client, "LARGEST", 1 << 20)
    monkeypatch.setattr(client.Answer.whole, "__defaults__", (1 << 20,))


@pytest.mark.parametrize("how", EXPECTED)
def test_faults_have_words(how: str) -> None:
    with misbehaving(how) as archive, pytest.raises(ArchiveFault) as fault:
        client.json(archive, "/studies")
    assert fault.value.code == EXPECTED[how]
    assert "secret" not in repr(archive)


def test_nobody_there() -> None:
    with misbehaving("silent") as archive:
        pass
    with pytest.raises(ArchiveFault) as fault:
        client.json(archive, "/studies")
    assert fault.value.code == "unreachable"


@pytest.mark.parametrize(
    ("address", "wrong"),
    [
        ("http://pacs.example/dicom-web", "not-secured"), ("ftp://127.0.0.1/", "address"), ("http://", "address"),
        ("http://u:p@127.0.0.1/x", "address"), ("http://127.0.0.1:99999/", "address"),
        ("file:///etc/passwd", "address"),
        ("http://127.0.0.1/a b", "address"), ("http://127.0.0.1/?q", "address"), ("https://pacs.example/dicom-web", ""),
        ("http://127.0.0.1:8042/dicom-web", ""),
    ],
)  # fmt: skip
def test_addresses(address: str, wrong: str) -> None:
    assert client.may_ask(address) == wrong
    if wrong:
        with pytest.raises(ArchiveFault, match=wrong):
            client.ask(Archive(address), "/studies")
