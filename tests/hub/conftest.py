"""A hub on this machine, and a client that knows no other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hypviz.hub import fetch
from tests.commands import Run, command_runner
from tests.hub.local_hub import TOKEN, LocalHub, serving


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of the client's, which is allowed to ask; nothing is remembered of what was fetched before."""
    from huggingface_hub import constants

    place = tmp_path / "hf" / "hub"
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(place))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)  # another transfer, of its own servers
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "hf" / "token"))
    monkeypatch.setattr(constants, "HF_STORED_TOKENS_PATH", str(tmp_path / "hf" / "stored_tokens"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setattr(fetch, "_snapshots", {})
    return place


@pytest.fixture
def hub(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalHub]:
    """The hub, which the client takes for the only one there is."""
    from huggingface_hub import constants

    with serving() as made:
        monkeypatch.setattr(constants, "ENDPOINT", made.endpoint)
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", made.endpoint + "/{repo_id}/resolve/{revision}/{filename}")
        yield made


@pytest.fixture
def login(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As somebody whom the hub knows."""
    monkeypatch.setenv("HF_TOKEN", TOKEN)


@pytest.fixture
def forget(monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """A call that lets this process forget what it fetched, as a new one does not know it."""
    yield lambda: monkeypatch.setattr(fetch, "_snapshots", {})


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Runs a command in this process."""
    return command_runner(monkeypatch, capfd)
