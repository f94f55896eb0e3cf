"""`export cvat`, `label-studio`, `fiftyone` and `datasets`: every command of docs/data.md runs, and what it writes is imported again."""

from __future__ import annotations

import json
import re
import shlex
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from hypviz.cli import app
from hypviz.errors import DataError
from hypviz.explore.export_sets import export_cvat
from hypviz.vectors.read import read_vectors
from hypviz.vectors.workspace import make_vectors_workspace
from hypviz.workspace.store import Workspace
from tests.worlds import TinyWorld

PAGES = [Path(__file__).resolve().parents[1] / name for name in ("docs/data.md", "README.md")]
DOCUMENTED = [
    command
    for page in PAGES
    for command in re.findall(r"^ {4}\S*python -m hypviz (export \S+ .*?)(?: {2,}#.*)?$", page.read_text(encoding="utf-8"), re.MULTILINE)
]
KINDS = ("cvat", "label-studio", "fiftyone", "datasets")


def call(*arguments: str) -> Any:
    done = CliRunner().invoke(app, [*arguments, "--json"])
    assert done.exit_code == 0, (done.output, done.exception)
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("command", DOCUMENTED)
def test_every_documented_export_runs(command: str, tiny_world: TinyWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    words = [str(tiny_world.workspace) if word in ("WS", "workspaces/mine") else word for word in shlex.split(command)]
    if words[1] in ("selection", "fiftyone"):
        words += ["--checkpoint", str(tiny_world.checkpoint)]
    result = call(*words)
    written = Path(result["file"])
    assert written.exists() and written.parent in (Path(), Path("workspaces"))
    labels = [Path(words[place + 1]) for place, word in enumerate(words) if word == "--labels"]
    assert all(path.stat().st_size > 0 for path in labels)
    if words[1] in KINDS:
        assert result["pictures"] == 8 and result["boxes"] > 100 and result["relations"] > 40


def test_all_kinds_are_documented() -> None:
    assert {command.split()[1] for command in DOCUMENTED} >= {*KINDS, "selection"}


def direct_of(workspace: Workspace) -> set[tuple[str, str]]:
    ids, edges = workspace.items.item_id, workspace.hierarchy.edges
    return set(zip(ids[edges.parent[edges.direct]].tolist(), ids[edges.child[edges.direct]].tolist(), strict=True))


@pytest.mark.parametrize("kind", KINDS)
def test_there_and_back_by_commands(kind: str, tiny_world: TinyWorld, tmp_path: Path) -> None:
    words = ["--checkpoint", str(tiny_world.checkpoint)] if kind == "fiftyone" else []
    written = call("export", kind, str(tiny_world.workspace), str(tmp_path / "OUT"), *words)
    read = call("data", "import", str(tmp_path / "OUT"), "--out", str(tmp_path / "WS2"))
    assert (read["kept_images"], read["kept_boxes"], read["dropped"]) == (written["pictures"], written["boxes"], {})
    first, again = Workspace.open(tiny_world.workspace), Workspace.open(tmp_path / "WS2")
    assert sorted(again.items.item_id.tolist()) == sorted(first.items.item_id.tolist())
    assert sorted(again.items.images.file_name.tolist()) == sorted(first.items.images.file_name.tolist())
    assert direct_of(again) == direct_of(first) and not again.meta["corrections"]


def test_labels_are_what_the_tools_take(tiny_world: TinyWorld, tmp_path: Path) -> None:
    workspace = str(tiny_world.workspace)
    call("export", "cvat", workspace, str(tmp_path / "set.xml"), "--labels", str(tmp_path / "labels.json"))
    call("export", "label-studio", workspace, str(tmp_path / "set.json"), "--labels", str(tmp_path / "config.xml"))
    classes = list(Workspace.open(tiny_world.workspace).items.classes)
    assert [label["name"] for label in json.loads((tmp_path / "labels.json").read_text())] == classes
    config = ET.parse(tmp_path / "config.xml").getroot()
    assert config.tag == "View" and [label.get("value") for label in config.iter("Label")] == classes


def test_own_vectors_have_no_boxes_to_write(tmp_path: Path) -> None:
    np.save(tmp_path / "v.npy", np.random.default_rng(0).normal(size=(6, 3)))
    made, _ = make_vectors_workspace(
        tmp_path / "ws", read_vectors(tmp_path / "v.npy"), name="v", model="tangent", images_root=tmp_path, where="v"
    )
    with pytest.raises(DataError, match=r"holds own vectors, which have no boxes; `export vectors` writes them"):
        export_cvat(made, tmp_path / "out")
