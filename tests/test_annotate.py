"""Drawing boxes and correcting the hierarchy, without a page: the draft, its file, and the workspace it becomes."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from hypviz.annotate import DraftStore
from hypviz.clipart import SPLIT_SEEDS, write_dataset
from hypviz.config import HierarchySettings
from hypviz.data.corrections import Correction
from hypviz.data.formats.coco import read_coco
from hypviz.data.hierarchy import build_hierarchy
from hypviz.data.importer import import_items
from hypviz.errors import DataError, SelectionError, WorkspaceError
from hypviz.explore.library import Library
from hypviz.search.embedding import Embedding
from hypviz.server import routes
from hypviz.workspace.store import Workspace

Json = dict[str, Any]


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Eight drawn scenes with a made-up embedding; no network is needed here."""
    folder = tmp_path_factory.mktemp("scenes")
    annotations = write_dataset(folder, SPLIT_SEEDS["test"][:8], size=(192, 144), workers=1)
    items, report = import_items(read_coco(annotations, folder / "images"))
    made = Workspace.create(folder / "workspace", items, build_hierarchy(items, HierarchySettings()), name="scenes", report=report)
    directions = np.eye(8, dtype=np.float32)[np.arange(len(items)) % 8]
    made.write_embedding("fake", Embedding(directions, np.ones(len(items), np.float32), 1.0, "hyperbolic"))
    return made


@pytest.fixture
def library(scenes: Workspace, home: Path) -> Library:
    """A library whose home holds the scenes as "mine"; the original is open by path as "shipped"."""
    Workspace.create(home / "mine", scenes.items, scenes.hierarchy, name="mine")
    return Library(device="cpu", extra={"shipped": scenes.folder})


def drawn(picture: Json, *new: tuple[list[float], str]) -> list[Json]:
    return picture["boxes"] + [{"key": f"new {n}", "xyxy": xyxy, "label": label} for n, (xyxy, label) in enumerate(new)]


def test_an_untouched_draft_makes_the_very_same_items(library: Library) -> None:
    _, draft = DraftStore(library).open("mine")
    items, _, hierarchy = draft.built()
    assert items.data_hash == draft.workspace.items.data_hash and draft.pending == 0
    for name in ("parent", "child", "direct"):
        assert np.array_equal(getattr(hierarchy.edges, name), getattr(draft.workspace.hierarchy.edges, name))
    assert not draft.path.exists()


def test_every_change_is_on_disk_at_once_and_read_again_by_another_server(library: Library) -> None:
    picture = DraftStore(library).picture("mine", 2)
    boxes = drawn(picture, ([3, 4, 50.123, 60], "  new   thing "), ([-5, 100, 900, 200], "new thing"))[1:]
    answer = DraftStore(library).draw("mine", 2, picture["version"], boxes)
    assert answer["data"] == "mine" and answer["pending"] == 1
    again = DraftStore(library).picture("mine", 2)
    assert again["version"] == picture["version"] + 1
    assert [box["xyxy"] for box in again["boxes"][:-2]] == [box["xyxy"] for box in boxes[:-2]], "to the last digit"
    assert again["boxes"][-2] == {"key": "new 0", "xyxy": [3, 4, 50.12, 60], "label": "new thing", "source": "drawn"}
    assert again["boxes"][-1]["xyxy"] == [0, 100, 192, 144], "cut to the picture"
    assert {"name": "new thing", "count": 2} in DraftStore(library).describe("mine")["classes"]
    back = DraftStore(library).draw("mine", 2, again["version"], picture["boxes"])
    assert back["pending"] == 0, "drawn back to what it was"


def test_the_file_is_coco_and_imports_as_the_same_items(library: Library, tmp_path: Path) -> None:
    drafts = DraftStore(library)
    drafts.draw("mine", 0, 0, drawn(drafts.picture("mine", 0), ([10, 10, 90, 80], "ark")))
    text, media = drafts.export("mine", "annotations.json")
    assert media == "application/json" and "hypviz" not in json.loads(text)
    (tmp_path / "a.json").write_text(text)
    draft = drafts.open("mine")[1]
    for file in (tmp_path / "a.json", draft.path):
        items, report = import_items(read_coco(file, draft.workspace.items.root))
        assert not report.dropped and np.array_equal(items.item_id, draft.built()[0].item_id)
        drawn_now = draft.built()[0]
        assert [items.name(row) for row in range(len(items))] == [drawn_now.name(row) for row in range(len(items))]


def test_a_draft_of_an_earlier_version_is_read_with_its_keys_and_sources(library: Library) -> None:
    """It had both beside the box, not under "hypviz"."""
    drafts = DraftStore(library)
    drafts.draw("mine", 0, 0, drawn(drafts.picture("mine", 0), ([10, 10, 90, 80], "ark")))
    path, before = drafts.open("mine")[1].path, drafts.picture("mine", 0)["boxes"]
    content = json.loads(path.read_text())
    for one in content["annotations"]:
        one.update({key: value for key, value in one.pop("hypviz").items() if key in ("key", "source")})
    path.write_text(json.dumps(content))
    assert DraftStore(library).picture("mine", 0)["boxes"] == before and before[-1]["source"] == "drawn"


def test_a_draft_becomes_the_workspace_with_its_corrections(library: Library, home: Path) -> None:
    drafts = DraftStore(library)
    picture = drafts.picture("mine", 1)
    drafts.draw("mine", 1, 0, drawn(picture, ([10, 10, 120, 100], "ark"), ([20, 20, 60, 60], "cabin"), ([100, 90, 150, 140], "gull")))
    drafts.add("mine", Correction("not", "item", "new 0", "new 1"))
    told = drafts.add("mine", Correction("above", "class", "ark", "gull"))
    assert [one["problem"] for one in told["corrections"]] == ["", ""] and told["pending"] == 3
    assert told["corrections"][0]["a_words"] == f"ark in {picture['name']}" and told["corrections"][1]["added"] == 1
    counts = drafts.apply("mine")
    made = Workspace.open(home / "mine")
    assert counts["boxes"] == len(made.items) - 8 and counts["pairs"] == len(made.hierarchy.edges)
    rows = {made.items.name(row): row for row in range(len(made.items))}
    assert rows["gull"] in made.hierarchy.descendants_of(rows["ark"])
    assert rows["cabin"] not in made.hierarchy.descendants_of(rows["ark"])
    assert made.items.source[rows["ark"]] == "drawn"
    fresh = DraftStore(library)
    told = fresh.corrections("mine")
    assert told["pending"] == 0 and [one["problem"] for one in told["corrections"]] == ["", ""]
    assert told["corrections"][0]["a"] == str(made.items.item_id[rows["ark"]]), "it follows its box"
    box = next(box for box in fresh.picture("mine", 1)["boxes"] if box["label"] == "ark")
    moved = [{**one, "xyxy": [12, 12, 122, 102]} if one["key"] == box["key"] else one for one in fresh.picture("mine", 1)["boxes"]]
    fresh.draw("mine", 1, fresh.picture("mine", 1)["version"], moved)
    assert fresh.corrections("mine")["corrections"][0]["problem"] == "", "a box that is moved keeps its corrections"
    fresh.remove("mine", told["corrections"][1]["id"])
    fresh.apply("mine")
    last = Workspace.open(home / "mine")
    rows = {last.items.name(row): row for row in range(len(last.items))}
    assert not last.hierarchy.is_related(rows["ark"], rows["gull"]), "what was undone is gone"
    assert not last.hierarchy.is_related(rows["ark"], rows["cabin"])


def test_what_is_shipped_or_lies_elsewhere_is_changed_in_a_copy(library: Library, scenes: Workspace, home: Path) -> None:
    before = (scenes.folder / "items.parquet").read_bytes()
    drafts = DraftStore(library)
    copy = drafts.describe("shipped")["copy"]
    assert copy and not (home / copy).exists()
    with pytest.raises(DataError, match="needs a label"):
        drafts.draw("shipped", 0, 0, drawn(drafts.picture("shipped", 0), ([1, 1, 20, 20], " ")))
    ids = scenes.items.item_id
    with pytest.raises(DataError, match="more general than itself"):
        drafts.add("shipped", Correction("above", "item", str(ids[1]), str(ids[1])))
    assert not (home / copy).exists(), "nothing is copied for what is refused"
    answer = drafts.draw("shipped", 0, 0, drawn(drafts.picture("shipped", 0), ([1, 1, 20, 20], "ark")))
    assert answer["data"] == copy == drafts.describe("shipped")["data"] and copy in library.data_names()
    assert (scenes.folder / "items.parquet").read_bytes() == before
    assert not (scenes.folder / "annotations.json").exists()
    assert list((home / copy / "embeddings").iterdir()), "the copy opens at once"


def test_refusals_say_what_and_change_nothing(library: Library, home: Path) -> None:
    drafts = DraftStore(library)
    cases: list[tuple[Any, str]] = [
        ([{"key": "a", "xyxy": [1, 2, 3], "label": "x"}], "needs four numbers"),
        ([{"key": "a", "xyxy": [1, 2, float("nan"), 9], "label": "x"}], "four finite numbers"),
        ([{"key": "a", "xyxy": [500, 2, 600, 9], "label": "x"}], "less than 2 pixels inside the 192 × 144 picture"),
        ([{"key": "", "xyxy": [1, 2, 30, 90], "label": "x"}], "needs a key"),
        ([{"key": "a", "xyxy": [1, 2, 30, 90], "label": "x" * 101}], "needs a label of 1 to 100 characters"),
        ([{"key": "a", "xyxy": [1, 2, 30, 90], "label": "x"}] * 2, "same key"),
    ]
    for boxes, words in cases:
        with pytest.raises(DataError, match=words):
            drafts.draw("mine", 0, 0, boxes)
    with pytest.raises(SelectionError, match="No picture 8 in this data set; it has 8"):
        drafts.draw("mine", 8, 0, [])
    with pytest.raises(DataError, match="changed in another window"):
        drafts.draw("mine", 0, 1, [])
    with pytest.raises(SelectionError, match="not in this data set"):
        drafts.add("mine", Correction("above", "item", "gone", "gone too"))
    assert not (home / "mine" / "annotations.json").exists()
    (home / "mine" / "annotations.json").write_text('{"hypviz": {"schema": 1}}')
    with pytest.raises(WorkspaceError, match=r"is damaged .* move it away"):
        DraftStore(library).open("mine")
    (home / "mine" / "annotations.json").write_text("{")
    with pytest.raises(WorkspaceError, match="cannot be read"):
        DraftStore(library).open("mine")


def test_drawn_boxes_outlive_a_new_import_of_other_pictures(library: Library, home: Path) -> None:
    from hypviz.data.items import subset_images

    drafts = DraftStore(library)
    drafts.draw("mine", 1, 0, [{"key": "a", "xyxy": [1, 2, 30, 90], "label": "ark"}])
    drafts.draw("mine", 7, 0, [])
    old = Workspace.open(home / "mine")
    fewer = subset_images(old.items, np.arange(8) < 5)
    Workspace.create(home / "mine", fewer, build_hierarchy(fewer, drafts.open("mine")[1].settings), name="mine", overwrite=True)
    again = DraftStore(library)
    assert [box["label"] for box in again.picture("mine", 1)["boxes"]] == ["ark"]
    assert again.describe("mine")["changed"] == [1]
    assert list((home / "mine").glob("annotations-before-*.json")), "what no longer fits is kept"


def test_the_routes_draw_correct_save_and_apply(library: Library, home: Path) -> None:
    client = TestClient(routes.build_app(library), base_url="http://localhost/hypviz/annotate/")
    whole = client.get("set", params={"data": "mine"}).json()
    assert len(whole["names"]) == len(whole["counts"]) == 8 and whole["copy"] is None
    picture = client.get("picture/3", params={"data": "mine"}).json()
    body = {"version": 0, "boxes": drawn(picture, ([5, 5, 60, 60], "=gull"))}
    assert client.put("picture/3", params={"data": "mine"}, json=body).json()["pending"] == 1
    assert client.put("picture/3", params={"data": "mine"}, json=body).status_code == 409
    assert client.get("image/3", params={"data": "mine"}).headers["content-type"] == "image/jpeg"
    first = {"kind": "not", "level": "item", "a": picture["scene"], "b": "new 0"}
    told = client.post("corrections", params={"data": "mine"}, json=first).json()
    assert told["corrections"][0]["removed"] == 1, told
    refused = client.post("corrections", params={"data": "mine"}, json={**first, "kind": "beside"})
    assert refused.status_code == 422 and "kind must be one of above, not" in refused.json()["error"]
    rows = list(csv.DictReader(io.StringIO(client.get("export/corrections.csv", params={"data": "mine"}).text)))
    assert rows[0]["kind"] == "not" and rows[0]["b_words"].startswith("'=gull"), "no spreadsheet takes it for a formula"
    assert client.get("export/corrections.json", params={"data": "mine"}).json()["corrections"] == told["corrections"]
    assert client.get("export/x.exe", params={"data": "mine"}).status_code == 404
    assert client.post("apply", params={"data": "mine"}).json()["boxes"] == sum(whole["counts"]) + 1
    gone = client.delete(f"corrections/{told['corrections'][0]['id']}", params={"data": "mine"}).json()
    assert gone["corrections"] == [] and gone["pending"] == 1
    assert client.get("set", params={"data": "no such"}).status_code == 422
