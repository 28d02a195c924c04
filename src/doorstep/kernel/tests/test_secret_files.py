"""Secrets by file: read, refused in words, never told."""

from __future__ import annotations

from pathlib import Path

import pytest

from doorstep.kernel import secret_files
from doorstep.kernel.secret_files import SecretError, given, secret

NAME = "DOORSTEP_TEST_SECRET"
WORD = "very-secret-word-91"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that ``NAME_FILE`` names, as docker and systemd write it."""
    path = tmp_path / "one"
    path.write_text(f"{WORD}\n")
    path.chmod(0o400)
    monkeypatch.setenv(f"{NAME}_FILE", str(path))
    monkeypatch.setattr(secret_files, "_told", set())
    return path


def test_by_file_or_by_environment(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert secret(NAME) == WORD
    assert given(NAME)
    monkeypatch.delenv(f"{NAME}_FILE")
    assert secret(NAME) is None
    assert not given(NAME)
    monkeypatch.setenv(NAME, "direct")
    assert secret(NAME) == "direct"


@pytest.mark.parametrize("how", ["both", "gone", "empty", "folder", "large", "not text"])
def test_what_cannot_be_used_is_said_without_the_secret(file: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    file.chmod(0o600)
    match how:
        case "both":
            monkeypatch.setenv(NAME, WORD)
        case "gone":
            file.unlink()
        case "empty":
            file.write_text(" \n")
        case "folder":
            file.unlink()
            file.mkdir()
        case "large":
            file.write_text(WORD * 9_000)
        case "not text":
            file.write_bytes(WORD.encode() + b"\xff")
    with pytest.raises(SecretError) as said:
        secret(NAME)
    assert NAME in str(said.value)
    assert WORD not in str(said.value)
    assert said.value.__cause__ is None


def test_a_file_that_others_may_read_is_said_once(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    secret(NAME)
    assert capsys.readouterr().err == ""
    file.chmod(0o644)
    secret(NAME)
    secret(NAME)
    told = capsys.readouterr().err
    assert told.count(str(file)) == 1
    assert WORD not in told
