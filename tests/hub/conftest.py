"""A hub on this machine, and a client that knows no other."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import hypviz.cli
from hypviz.hub import fetch
from tests.hub.local_hub import TOKEN, LocalHub, serving
from tests.test_cli import Done


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
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """run("embed", "--json", …): the command in this process, through the same `main` as `python -m hypviz`."""

    def command(*arguments: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["hypviz", *map(str, arguments)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as end:
            hypviz.cli.main()
        captured = capfd.readouterr()
        status = end.value.code
        return Done(status if isinstance(status, int) else 0 if status is None else 1, captured.out, captured.err)

    return command
