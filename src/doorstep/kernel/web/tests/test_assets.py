"""Static files as they leave the house: small, and kept by browsers."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.test import RequestFactory

from doorstep.kernel.web import assets


@pytest.fixture
def collected(settings, tmp_path: Path) -> Path:
    settings.STATIC_ROOT = str(tmp_path / "static")
    settings.WHITENOISE_USE_FINDERS = True
    assets.collect()
    return tmp_path / "static"


def test_styles_travel_compressed_and_are_kept_for_a_month(collected: Path, settings) -> None:
    assert settings.WHITENOISE_USE_FINDERS is False
    ask = RequestFactory().get("/static/vendor/tabler/tabler.min.css?v=1", headers={"accept-encoding": "gzip"})
    answer = WSGIHandler().get_response(ask)
    assert answer.status_code == 200
    assert answer.headers["Content-Encoding"] == "gzip"
    assert int(answer.headers["Content-Length"]) < 100_000
    assert "max-age=2592000" in answer.headers["Cache-Control"]
    answer.close()


def test_collecting_again_changes_nothing_until_a_file_changes(collected: Path, monkeypatch) -> None:
    marker = collected / "left-over.txt"
    marker.write_text("x")
    assets.collect()
    assert marker.exists()
    monkeypatch.setattr(assets, "_sources", lambda: iter(["another state"]))
    assets.collect()
    assert not marker.exists()
    assert (collected / "doorstep" / "doorstep.css.gz").exists()
