"""A workspace written for another tool and read again: the same pictures, boxes, classes and direct relations, whatever the hierarchy."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hypviz.data.corrections import Correction, correct
from hypviz.data.formats import detect
from hypviz.data.formats.coco import read_coco
from hypviz.data.formats.hf_written import WrittenNames
from hypviz.data.hierarchy import Hierarchy
from hypviz.data.importer import import_items
from hypviz.data.items import Items
from hypviz.data.writers.label_definitions import cvat_labels, labelstudio_configuration
from hypviz.errors import DataError, SettingsError
from hypviz.explore.export_sets import Exported, export_cvat, export_datasets, export_fiftyone, export_labelstudio, whole_set
from hypviz.workspace.importing import create_workspace, import_workspace
from hypviz.workspace.store import Workspace
from tests.conftest import random_picture

CLASSES = ("room", "012", "a: b, 'c' \"d\"", "Löwe <&>", "猫", "null")
NAMES = ("plain.png", "train/1.png", "val/1.png", "猫/é ü#%20.jpg", "x.y.z.jpg")
BoxPlan = tuple[int, float, float, float, float, int]


@st.composite
def plans(draw: st.DrawFn) -> list[tuple[str, tuple[int, int], list[BoxPlan]]]:
    """Pictures, and boxes inside boxes: the place of the parent (−1 none), where in it and how large as fractions, the class."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True))
    made = []
    for name in names:
        count = draw(st.integers(0, 6))
        share, size = st.floats(0.02, 0.5), st.floats(0.2, 0.5)
        boxes = [
            (draw(st.integers(-1, place - 1)), draw(share), draw(share), draw(size), draw(size), draw(st.integers(0, len(CLASSES) - 1)))
            for place in range(count)
        ]
        made.append((name, (draw(st.integers(90, 300)), draw(st.integers(90, 300))), boxes))
    return made


changes = st.lists(st.tuples(st.booleans(), st.integers(0, 40), st.integers(0, 40)), max_size=4)
"""Corrections of the hierarchy: whether a pair is put in or taken out, and which boxes, counted round."""


def workspace_of(folder: Path, plan: Any, wanted: Any) -> Workspace:
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for number, (name, (width, height), boxes) in enumerate(plan):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        random_picture((width, height), seed=number).save(folder / name)
        images.append({"id": number, "file_name": name, "width": width, "height": height})
        corners: list[tuple[float, float, float, float]] = []
        for parent, left, top, wide, high, label in boxes:
            x, y, w, h = corners[parent] if parent >= 0 else (0.0, 0.0, float(width), float(height))
            corners.append((x + left * w, y + top * h, wide * w, high * h))
            annotations.append({"id": len(annotations), "image_id": number, "category_id": label, "bbox": list(corners[-1])})
    categories = [{"id": number, "name": name} for number, name in enumerate(CLASSES)]
    (folder / "plan.json").write_text(json.dumps({"images": images, "annotations": annotations, "categories": categories}))
    items, _ = import_items(read_coco(folder / "plan.json", folder))
    base = create_workspace(folder / "base", items, name="base")
    corrections = corrections_of(items, base.hierarchy, wanted)
    return create_workspace(folder / "workspace", items, name="from", corrections=corrections)


def corrections_of(items: Items, hierarchy: Hierarchy, wanted: Any) -> list[Correction]:
    """Those that can be made, of pairs within a picture, which all formats carry."""
    taken: list[Correction] = []
    boxes = np.flatnonzero(~items.is_scene).tolist()
    for above, first, second in wanted if boxes else ():
        one = boxes[first % len(boxes)]
        beside = [row for row in boxes if items.image[row] == items.image[one] and row != one]
        if beside:
            pair = (str(items.item_id[one]), str(items.item_id[beside[second % len(beside)]]))
            _, outcomes = correct(items, hierarchy, [*taken, Correction("above" if above else "not", "item", *pair)])
            if not outcomes[-1].problem:
                taken.append(Correction("above" if above else "not", "item", *pair))
    return taken


def view_of(workspace: Workspace) -> Any:
    """What FiftyOne's writer asks of a view: radii and the closest parents."""
    count = len(workspace.items)
    edges = workspace.hierarchy.edges
    parent = np.full(count, -1)
    parent[edges.child[edges.direct]] = edges.parent[edges.direct]
    embedding = SimpleNamespace(radii=np.linspace(0.5, 3, count))
    cards = SimpleNamespace(items=workspace.items, hierarchy=workspace.hierarchy, embedding=embedding)
    return SimpleNamespace(
        workspace=workspace,
        items=workspace.items,
        cards=cards,
        tree=SimpleNamespace(parent=parent),
        queries=SimpleNamespace(about={"data": "from"}),
    )


WRITERS: dict[str, Callable[[Workspace, Path], Exported]] = {
    "cvat": export_cvat,
    "labelstudio": export_labelstudio,
    "fiftyone": lambda workspace, out: export_fiftyone(view_of(workspace), out),
    "hf": export_datasets,
}


def pictures_of(items: Items) -> dict[str, tuple[int, int, str]]:
    images = items.images
    return {
        str(name): (int(width), int(height), str(content))
        for name, width, height, content in zip(images.file_name, images.width, images.height, images.content, strict=True)
    }


def assert_same(again: Workspace, workspace: Workspace) -> None:
    items, read = workspace.items, again.items
    assert pictures_of(read) == pictures_of(items)
    rows = {name: row for row, name in enumerate(read.item_id.tolist())}
    assert set(rows) == set(items.item_id.tolist())
    for row in np.flatnonzero(~items.is_scene).tolist():
        other = rows[str(items.item_id[row])]
        assert read.name(other) == items.name(row) and read.source[other] == items.source[row]
        assert read.xyxy[other].tolist() == pytest.approx(items.xyxy[row].tolist(), abs=1e-4)
        assert read.images.file_name[read.image[other]] == items.images.file_name[items.image[row]]
    assert direct_of(again) == direct_of(workspace)


def direct_of(workspace: Workspace) -> set[tuple[str, str]]:
    """Pairs of boxes of which one lies directly in the other."""
    items, edges = workspace.items, workspace.hierarchy.edges
    here = edges.direct & ~items.is_scene[edges.parent]
    return set(zip(items.item_id[edges.parent[here]].tolist(), items.item_id[edges.child[here]].tolist(), strict=True))


def imported(out: Path, target: Path, **options: Any) -> Workspace:
    raw = detect.open_dataset(out, extract_to=target.with_name(f"{target.name}-pictures"), **options)
    again, report = import_workspace(target, raw, name="again")
    assert not report.dropped, report.dropped
    return again


@pytest.mark.parametrize("format", WRITERS)
@given(plan=plans(), wanted=changes)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_any_hierarchy_comes_back_from_a_folder_as_it_was(format: str, plan: Any, wanted: Any) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        workspace = workspace_of(folder / "from", plan, wanted)
        exported = WRITERS[format](workspace, folder / "out")
        assert detect.detect_format(folder / "out") == format
        assert_same(imported(folder / "out", folder / "again"), workspace)
        assert (exported.pictures, exported.boxes) == (len(plan), sum(len(boxes) for _, _, boxes in plan))
        assert exported.relations == len(direct_of(workspace))


PLAN = [
    ("train/1.png", (120, 90), [(-1, 0.1, 0.1, 0.5, 0.5, 0), (0, 0.2, 0.2, 0.4, 0.4, 1), (1, 0.1, 0.1, 0.5, 0.5, 2)]),
    ("猫/é ü#%20.jpg", (100, 140), [(-1, 0.3, 0.3, 0.5, 0.5, 3), (0, 0.1, 0.2, 0.5, 0.5, 4), (0, 0.5, 0.5, 0.3, 0.3, 4)]),
    ("x.y.z.jpg", (90, 90), []),
]
CHANGES = [(False, 0, 0), (True, 4, 1)]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return workspace_of(tmp_path / "from", PLAN, CHANGES)


@pytest.mark.parametrize("format", ["cvat", "labelstudio", "fiftyone"])
def test_a_zip_holds_what_a_folder_does(workspace: Workspace, tmp_path: Path, format: str) -> None:
    WRITERS[format](workspace, tmp_path / "out.zip")
    WRITERS[format](workspace, tmp_path / "out")
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        packed = {name: archive.read(name) for name in archive.namelist()}
    paths = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert packed == {path.relative_to(tmp_path / "out").as_posix(): path.read_bytes() for path in paths}


@pytest.mark.parametrize(("format", "ending"), [("cvat", ".xml"), ("labelstudio", ".json"), ("fiftyone", ".json")])
def test_annotations_alone_are_read_with_the_pictures_where_they_are(
    workspace: Workspace, tmp_path: Path, format: str, ending: str
) -> None:
    (tmp_path / "alone").mkdir()
    WRITERS[format](workspace, tmp_path / f"alone/set{ending}")
    assert [path.name for path in (tmp_path / "alone").iterdir()] == [f"set{ending}"]
    assert_same(imported(tmp_path / f"alone/set{ending}", tmp_path / "again", images=workspace.items.root), workspace)


@pytest.mark.parametrize(
    "url", ["https://example.org/some/pictures/", "/data/local-files/?d=set/images/", "s3://bucket/set/", "http://localhost:8000/"]
)
def test_label_studio_finds_its_pictures_below_any_address(workspace: Workspace, tmp_path: Path, url: str) -> None:
    export_labelstudio(workspace, tmp_path / "out", address=url)
    tasks = json.loads((tmp_path / "out/tasks.json").read_text())
    addresses = [task["data"]["image"] for task in tasks]
    assert all(address.startswith(url) and " " not in address and "#" not in address for address in addresses)
    assert [unquote(address.removeprefix(url)) for address in addresses] == workspace.items.images.file_name.tolist()
    assert_same(imported(tmp_path / "out", tmp_path / "again"), workspace)


def test_tasks_of_label_studio_are_found_by_their_address_too(workspace: Workspace, tmp_path: Path) -> None:
    """What a project exports may lack the task's "meta"."""
    export_labelstudio(workspace, tmp_path / "out", address="https://example.org/some/pictures/")
    file = tmp_path / "out/tasks.json"
    file.write_text(json.dumps([{key: value for key, value in task.items() if key != "meta"} for task in json.loads(file.read_text())]))
    again = imported(tmp_path / "out", tmp_path / "again")
    assert direct_of(again) == direct_of(workspace) and len(again.items) == len(workspace.items)


def test_what_tools_have_to_know_of_the_classes_fits_the_annotations(workspace: Workspace, tmp_path: Path) -> None:
    """CVAT refuses a label or an attribute that a task does not have; Label Studio a control, a class or a relation."""
    export_cvat(workspace, tmp_path / "set.xml")
    export_labelstudio(workspace, tmp_path / "set.json")
    labels = {label["name"]: label for label in json.loads(cvat_labels(whole_set(workspace)))}
    boxes = list(ET.parse(tmp_path / "set.xml").iter("box"))
    for box in boxes:
        label = labels[str(box.get("label"))]
        assert label["type"] == "rectangle"
        assert {one.get("name") for one in box.iter("attribute")} == {one["name"] for one in label["attributes"]}
        assert all(one["input_type"] == "text" and isinstance(one["values"], list) for one in label["attributes"])
    config = ET.fromstring(labelstudio_configuration(whole_set(workspace)))
    results = [one for task in json.loads((tmp_path / "set.json").read_text()) for one in task["annotations"][0]["result"]]
    (image,), (control,) = config.findall("Image"), config.findall("RectangleLabels")
    values = {label.get("value") for label in control.iter("Label")}
    regions = [one for one in results if one["type"] == "rectanglelabels"]
    assert len(regions) == len(boxes) == 6
    for one in regions:
        assert (one["from_name"], one["to_name"]) == (control.get("name"), image.get("name")) == ("label", control.get("toName"))
        assert set(one["value"]["rectanglelabels"]) <= values and image.get("value") == "$image"
    relations = {label for one in results if one["type"] == "relation" for label in one["labels"]}
    assert relations == {relation.get("value") for relation in config.iter("Relation")} == {"contains"}


def test_load_dataset_has_the_boxes_and_who_is_inside_whom(workspace: Workspace, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    export_datasets(workspace, tmp_path / "out")
    loaded = datasets.load_dataset(str(tmp_path / "out"), cache_dir=str(tmp_path / "cache"))
    assert {name: len(split) for name, split in loaded.items()} == {"train": 1, "unstated": 2}
    items, seen = workspace.items, set()
    for split in loaded.values():
        category = split.features["objects"]["category"].feature
        assert category.names == list(items.classes)
        for row in split:
            place = items.images.file_name.tolist().index(row["file_name"])
            assert row["image"].size == (row["width"], row["height"]) == (items.images.width[place], items.images.height[place])
            objects = row["objects"]
            rows = np.flatnonzero((items.image == place) & ~items.is_scene)
            assert objects["id"] == items.item_id[rows].tolist()
            assert [category.int2str(value) for value in objects["category"]] == [items.name(each) for each in rows.tolist()]
            for (x, y, w, h), corners in zip(objects["bbox"], items.xyxy[rows].tolist(), strict=True):
                assert [x, y, x + w, y + h] == pytest.approx(corners, abs=1e-4)
            for child, parent, parents in zip(objects["id"], objects["parent"], objects["parents"], strict=True):
                assert (parent == -1) == (not parents) and (parent == -1 or objects["id"][parent] in parents)
                seen |= {(one, child) for one in parents}
    assert seen == direct_of(workspace) and len(seen) >= 3


def test_a_set_of_many_row_groups_and_files_is_whole(workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from hypviz.data.writers import hf_datasets

    monkeypatch.setattr(hf_datasets, "GROUP_ROWS", 1)
    monkeypatch.setattr(hf_datasets, "SHARD_BYTES", 1)
    export_datasets(workspace, tmp_path / "out")
    names = ["train-00000.parquet", "unstated-00000.parquet", "unstated-00001.parquet"]
    assert sorted(path.name for path in (tmp_path / "out/data").iterdir()) == names
    assert_same(imported(tmp_path / "out", tmp_path / "again"), workspace)


def test_names_in_a_datasets_folder_lead_nowhere_else(workspace: Workspace, tmp_path: Path) -> None:
    """A stranger may write the same columns: names are taken where they stay in the folder and are free, else pictures are numbered."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    export_datasets(workspace, tmp_path / "out")
    (file,) = (tmp_path / "out/data").glob("unstated-*.parquet")
    table = pq.read_table(file)
    for name in ("../../evil.png", f"{tmp_path}/evil.png", "train/1.png", "a\0b.png", "train/1.png/x.png"):
        named = table.set_column(table.schema.get_field_index("file_name"), "file_name", pa.array([name] * len(table)))
        pq.write_table(named.replace_schema_metadata(table.schema.metadata), file)
        raw = detect.open_dataset(tmp_path / "out", extract_to=tmp_path / "deep/er/pictures")
        names = {image.file_name for image in raw.images}
        assert names == {"train/1.png", "unstated/00000000.jpg", "unstated/00000001.jpg"}, name
    assert not list(tmp_path.rglob("evil.png"))


def test_a_number_that_is_a_name_already_is_not_used_twice() -> None:
    names = WrittenNames()
    assert names.take("train/00000001.png")
    assert names.first("", "train/00000001.png", "numbered/train/00000001.png") == "numbered/train/00000001.png"


@pytest.mark.parametrize("format", WRITERS)
def test_nothing_is_written_over_a_folder_in_use(workspace: Workspace, tmp_path: Path, format: str) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/mine.txt").write_text("mine")
    with pytest.raises(SettingsError, match="is there already; choose another place"):
        WRITERS[format](workspace, tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("format", WRITERS)
def test_a_picture_that_is_gone_leaves_nothing_behind(workspace: Workspace, tmp_path: Path, format: str) -> None:
    workspace.items.path(0).unlink()
    with pytest.raises(DataError, match=r"1\.png cannot be read \(No such file or directory\), so it cannot be packed"):
        WRITERS[format](workspace, tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["from"]


def test_an_ending_of_another_format_is_refused(workspace: Workspace, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"set\.json does not end as a file of cvat does: \.xml, \.zip with the pictures, or a folder"):
        export_cvat(workspace, tmp_path / "set.json")


def test_fiftyone_cannot_tell_pictures_apart_by_their_endings(tmp_path: Path) -> None:
    workspace = workspace_of(tmp_path / "from", [("a.png", (90, 90), []), ("a.jpg", (90, 95), [])], [])
    with pytest.raises(DataError, match=r"a\.png and a\.jpg differ by their ending alone"):
        export_fiftyone(view_of(workspace), tmp_path / "out")
    export_fiftyone(view_of(workspace), tmp_path / "whole.json")
    assert len(json.loads((tmp_path / "whole.json").read_text())["labels"]) == 2


def test_a_fiftyone_folder_has_what_its_importer_asks_for(workspace: Workspace, tmp_path: Path) -> None:
    """Pictures below data/, named in labels.json without their endings; the hierarchy as fields of each detection."""
    export_fiftyone(view_of(workspace), tmp_path / "out")
    content = json.loads((tmp_path / "out/labels.json").read_text())
    stems = {path.relative_to(tmp_path / "out/data").with_suffix("").as_posix() for path in (tmp_path / "out/data").rglob("*.*")}
    assert set(content["labels"]) == stems == {"train/1", "猫/é ü#%20", "x.y.z"}
    assert content["classes"] == list(workspace.items.classes)
    detections = [one for listed in content["labels"].values() for one in listed]
    assert all(set(one) == {"label", "bounding_box", "attributes"} and all(0 <= v <= 1 for v in one["bounding_box"]) for one in detections)
    fields = [one["attributes"] for one in detections]
    assert {(parent, one["item_id"]) for one in fields for parent in one["parents"]} == direct_of(workspace)
    depth = dict(zip(workspace.items.item_id.tolist(), workspace.hierarchy.depth.tolist(), strict=True))
    assert all(one["depth"] == depth[one["item_id"]] and one["radius"] > 0 for one in fields)


def fiftyone_python() -> str:
    """A Python that has FiftyOne: HYPVIZ_FIFTYONE, or this one."""
    named = os.environ.get("HYPVIZ_FIFTYONE", "")
    if not named and importlib.util.find_spec("fiftyone") is None:
        pytest.skip("FiftyOne is not installed; HYPVIZ_FIFTYONE may name a Python that has it")
    return named or sys.executable


@pytest.mark.parametrize("out", ["out", "out.json"])
def test_fiftyone_reads_it_and_what_it_writes_comes_back(workspace: Workspace, tmp_path: Path, out: str) -> None:
    """Its importer and its exporter, without its database: all fields survive both, so the relations do."""
    export_fiftyone(view_of(workspace), tmp_path / out)
    script = Path(__file__).with_name("fiftyone_script.py")
    command = [fiftyone_python(), str(script), str(tmp_path / out), str(tmp_path / "back")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    read, items = json.loads(done.stdout.splitlines()[-1]), workspace.items
    assert read["classes"] == list(items.classes)
    assert len(read["samples"]) == len(items.images) and all(Path(sample["path"]).is_file() for sample in read["samples"])
    sizes = zip(items.images.width.tolist(), items.images.height.tolist(), strict=True)
    assert sorted(tuple(sample["size"]) for sample in read["samples"]) == sorted(sizes)
    rows = {name: row for row, name in enumerate(items.item_id.tolist())}
    detections = [one for sample in read["samples"] for one in sample["detections"]]
    assert {(parent, one["item_id"]) for one in detections for parent in one["parents"]} == direct_of(workspace)
    assert [items.name(rows[one["item_id"]]) for one in detections] == [one["label"] for one in detections] and len(detections) == 6
    again = imported(tmp_path / "back", tmp_path / "again")
    assert set(again.items.item_id.tolist()) == set(items.item_id.tolist()) and direct_of(again) == direct_of(workspace)


def test_the_changes_of_these_tests_are_changes(tmp_path: Path) -> None:
    """Else no test here would need the relations that files state."""
    assert direct_of(workspace_of(tmp_path / "a", PLAN, CHANGES)) != direct_of(workspace_of(tmp_path / "b", PLAN, []))
    assert [asdict(one)["kind"] for one in corrections_of(*parts(workspace_of(tmp_path / "c", PLAN, [])), CHANGES)]


def parts(workspace: Workspace) -> tuple[Items, Hierarchy]:
    return workspace.items, workspace.hierarchy


def test_a_damaged_datasets_folder_is_refused_in_words(workspace: Workspace, tmp_path: Path) -> None:
    """Its pages are looked at when their turn comes, long after the folder was opened."""
    export_datasets(workspace, tmp_path / "out")
    (file,) = (tmp_path / "out/data").glob("unstated-*.parquet")
    data = bytearray(file.read_bytes())
    data[4:60] = bytes(56)
    file.write_bytes(data)
    with pytest.raises(DataError, match=r"out.*damaged after row \d+ \(.*fetch or write that file again"):
        imported(tmp_path / "out", tmp_path / "again")
