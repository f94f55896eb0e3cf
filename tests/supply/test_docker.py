"""The Dockerfile, read: no Docker is at hand for the tests, so what it copies, runs as and starts is held to the rest."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from hypviz.cli.serve import OPTIONS
from hypviz.server.edge import EdgeSettings

ROOT = Path(__file__).resolve().parents[2]
LINES = re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text(encoding="utf-8")).splitlines()


def instructions(name: str) -> list[str]:
    return [line.split(maxsplit=1)[1] for line in LINES if line.split(maxsplit=1)[:1] == [name]]


def test_what_it_copies_is_there_and_let_in() -> None:
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().split() if line.startswith("!")}
    copied = {source for line in instructions("COPY") for source in line.split()[:-1]}
    assert all((ROOT / source).exists() for source in copied) and copied == let_in
    assert {"hypviz", "assets", "checkpoints", "app.py"} <= copied


def test_it_ends_as_a_user_without_rights_and_installs_by_hash() -> None:
    names = [line.split()[0] for line in LINES if line and not line.startswith((" ", "#"))]
    assert instructions("USER")[-1] not in ("root", "0") and names.index("USER") < names.index("ENTRYPOINT")
    assert any("--require-hashes -r requirements.lock" in line for line in instructions("RUN"))
    assert instructions("ARG") == ["ACCELERATOR=cpu"]


@pytest.mark.parametrize("given", [[], ["--auth", "/users.json"], ["--no-auth"]])
def test_it_starts_the_page_by_options_that_there_are(given: list[str]) -> None:
    shell = json.loads(instructions("ENTRYPOINT")[0])
    words = shlex.split(shell[2])[:-1] + (given or json.loads(instructions("CMD")[0]))
    assert words[:3] == ["exec", "python", "app.py"]
    assert {word for word in words if word.startswith("--")} <= set(OPTIONS)
    settings = EdgeSettings("0.0.0.0", auth=Path("/users.json") if "--auth" in words else None, no_auth="--no-auth" in words)
    assert settings.checked().host == words[words.index("--host") + 1]
