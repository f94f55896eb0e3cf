"""The report of an import, told whenever its data are opened: on the page, over HTTP and on the terminal."""

from __future__ import annotations

import html
import json
import logging
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient

from hypviz.cli import serve
from hypviz.data.formats.coco import read_coco
from hypviz.explore.library import Library
from hypviz.explore.view import View
from hypviz.server import routes
from hypviz.server.edge import EdgeSettings
from hypviz.server.page import report_html
from hypviz.storage import keeping
from hypviz.vectors.read import VectorTable
from hypviz.vectors.workspace import make_vectors_workspace
from hypviz.workspace.import_report import report_lines, report_of
from hypviz.workspace.importing import import_workspace
from hypviz.workspace.store import Workspace
from tests.conftest import MakeCoco
from tests.worlds import TinyWorld

NAME = "<b>gone</b>.jpg"


@pytest.fixture
def lossy(make_coco: MakeCoco, tmp_path: Path) -> Workspace:
    """One picture of two, and two boxes of four, one of them clipped."""
    images = [{"id": number, "file_name": name, "width": 40, "height": 30} for number, name in ((1, "a.jpg"), (2, NAME))]
    boxes = [(1, [1, 1, 10, 10]), (1, [30, 20, 20, 20]), (1, [5, 5, 0, 4]), (2, [1, 1, 5, 5])]
    annotations = [{"id": number, "image_id": image, "category_id": 1, "bbox": box} for number, (image, box) in enumerate(boxes)]
    path = make_coco(images=images, annotations=annotations)
    (tmp_path / NAME).unlink()
    return import_workspace(tmp_path / "ws", read_coco(path, tmp_path), name="lossy")[0]


def test_read_is_kept_and_left_out_with_reasons_and_examples(lossy: Workspace) -> None:
    report = report_of(Workspace.open(lossy.folder))
    assert report["kept"] == "1 of 2 images and 2 of 4 boxes that were read are kept; boxes cut to their picture: 1."
    assert sum(entry["images"] for entry in report["left_out"]) == 1 and sum(entry["boxes"] for entry in report["left_out"]) == 2
    assert any(NAME in example for entry in report["left_out"] for example in entry["examples"])
    lines = report_lines(report)
    assert lines[0] == report["kept"] and len(lines) == 4
    assert all(line.startswith("left out: ") for line in lines[1:3]) and lines[3].startswith("note: 1 of 2 boxes lay mostly outside")


@pytest.mark.parametrize("seed", range(5))
def test_every_loss_of_a_random_set_is_told_on_the_page_and_the_terminal(
    seed: int, make_coco: MakeCoco, tiny_world: TinyWorld, tmp_path: Path
) -> None:
    rng = np.random.default_rng(seed)
    images = [{"id": number, "file_name": f"{number}.jpg", "width": 40, "height": 30} for number in range(int(rng.integers(2, 7)))]
    hazards = {"sound": [1, 1, 10, 10], "flat": [5, 5, 0, 4], "outside": [90, 90, 5, 5], "short": [1, 2, 3], "none": None}
    drawn = [(int(rng.integers(len(images))), str(rng.choice(list(hazards)))) for _ in range(int(rng.integers(4, 20)))]
    drawn.append((0, "sound"))
    annotations = [{"id": number, "image_id": image, "category_id": 1, "bbox": hazards[name]} for number, (image, name) in enumerate(drawn)]
    path = make_coco(images=images, annotations=annotations)
    gone = set(rng.choice(np.arange(1, len(images)), size=int(rng.integers(len(images) - 1)), replace=False).tolist())
    for number in gone:
        (tmp_path / f"{number}.jpg").unlink()
    sound = sum(name == "sound" and image not in gone for image, name in drawn)
    view = View(import_workspace(tmp_path / "ws", read_coco(path, tmp_path), name="lossy")[0], tiny_world.checkpoint, device="cpu")
    report = report_of(view.workspace)
    assert f"{len(images) - len(gone)} of {len(images)} images and {sound} of {len(drawn)} boxes" in (report["kept"] or report_html(view))
    assert sum(entry["images"] for entry in report["left_out"]) == len(gone)
    assert sum(entry["boxes"] for entry in report["left_out"]) == len(drawn) - sound
    shown, lines = report_html(view), "\n".join(report_lines(report))
    for entry in report["left_out"]:
        assert f"{entry['count']:,} × {entry['reason']}" in lines and html.escape(entry["reason"]) in shown


def test_the_page_shows_it_escaped_and_nothing_when_all_is_kept(lossy: Workspace, tiny_world: TinyWorld, tiny_view: View) -> None:
    view = View(lossy, tiny_world.checkpoint, device="cpu")
    shown = report_html(view)
    assert "1 of 2 images and 2 of 4 boxes" in shown and "2 left out." in shown
    assert "&lt;b&gt;gone&lt;/b&gt;.jpg" in shown and "<b>gone" not in shown
    assert report_html(tiny_view) == "" and report_lines(report_of(tiny_view.workspace)) == []
    assert report_of(tiny_view.workspace)["kept"].startswith("8 of 8 images and 133 of 133 boxes")


def test_the_route_sends_what_the_page_links_to(lossy: Workspace, tiny_world: TinyWorld) -> None:
    library = Library(device="cpu", extra={"lossy": lossy.folder})
    view = library.open("lossy", str(tiny_world.checkpoint))
    assert f'href="hypviz/view/{view.key}/report"' in report_html(view)
    answer = TestClient(routes.build_app(library), base_url="http://localhost/hypviz/").get(f"view/{view.key}/report")
    assert answer.json() == json.loads(json.dumps(report_of(lossy)))


def test_vectors_tell_their_edges_labels_and_pictures(tmp_path: Path) -> None:
    given = VectorTable(
        np.eye(3) * 0.2, labels=np.array(["a", "", "b"]), edges=np.array([[0, 1], [0, 1], [2, 2]]), images=np.array(["x.png", "", ""]),
        notes=("not used: extra (4)",),
    )  # fmt: skip
    made, _ = make_vectors_workspace(tmp_path / "ws", given, name="v", model="poincare", images_root=tmp_path)
    report = report_of(Workspace.open(made.folder))
    assert report["kept"] == "3 vectors with 2 labels, 1 of 3 edges that were read are kept."
    assert {entry["reason"]: entry["count"] for entry in report["left_out"]} == {
        "given before": 1, "from an item to itself": 1, "picture missing": 1,
    }  # fmt: skip
    assert report["notes"] == ["not used: extra (4)"]


def test_where_things_are_kept_instead_is_told(lossy: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(keeping._notices, lossy.folder, "/x cannot be written to (Read-only file system): kept in /y")
    assert report_of(lossy)["notes"][-1] == "/x cannot be written to (Read-only file system): kept in /y."


def test_a_workspace_without_a_report_has_nothing_to_tell(tiny_world: TinyWorld, tmp_path: Path) -> None:
    old = Workspace.open(tiny_world.workspace)
    made = Workspace.create(tmp_path / "ws", old.items, old.hierarchy, name="old")
    assert report_of(made) == {"kept": "", "left_out": [], "notes": []} and report_lines(report_of(made)) == []


def test_the_application_says_it_at_the_start(
    lossy: Workspace, tiny_world: TinyWorld, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, home: Path
) -> None:
    monkeypatch.setattr("hypviz.server.server.run", lambda *_, **__: None)
    with caplog.at_level(logging.INFO):
        serve.serve(str(lossy.folder), str(tiny_world.checkpoint), settings=EdgeSettings(port=0), device="cpu", browser=False)
    assert "1 of 2 images and 2 of 4 boxes that were read are kept; boxes cut to their picture: 1." in caplog.messages
    assert any(message.startswith("left out: 1 × ") for message in caplog.messages)
