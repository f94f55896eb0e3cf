"""Annotations written in every format: an import gives the same items, classes and hierarchy; and each file is what its format says."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pytest
import yaml

from hypviz.annotate.apply import apply
from hypviz.annotate.draft import Draft
from hypviz.config import HierarchySettings
from hypviz.data.corrections import Correction, correct
from hypviz.data.formats import detect
from hypviz.data.formats.coco import read_coco
from hypviz.data.hierarchy import Hierarchy, build_hierarchy
from hypviz.data.importer import import_items
from hypviz.data.items import Items
from hypviz.data.writers import annotated_set, coco_document, cvat_xml, labelstudio_tasks, voc_files, yolo_files
from hypviz.errors import DataError
from hypviz.explore.export import PICTURES, annotation_files, write_with_pictures
from hypviz.workspace.importing import import_workspace
from hypviz.workspace.store import Workspace
from tests.conftest import random_picture

CLASSES = ("yes", "012", "null", "a: b, 'c' \"d\"", "Löwe <&>", "猫", "no", "{x}")
NAMES = ("plain.png", "with space.jpg", "é ü.png", "a#b=c%20.png", "猫/Übung.jpg", "train/1.png", "val/1.png", "o'q.png", "x.y.z.jpg")


def random_set(folder: Path, seed: int, names: tuple[str, ...] = NAMES) -> tuple[Items, Hierarchy]:
    """Pictures with nested boxes of fractions of a pixel, some without any; some boxes proposed, some drawn."""
    rng = np.random.default_rng(seed)
    images, annotations = [], []
    for number, name in enumerate(names):
        width, height = int(rng.integers(40, 90)), int(rng.integers(40, 90))
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        random_picture((width, height), seed=seed + number).save(folder / name)
        images.append({"id": number, "file_name": name, "width": width, "height": height})
        for _ in range(int(rng.integers(0, 6))):
            x, y = rng.uniform(0, 0.5, 2) * (width, height)
            w, h = rng.uniform(0.1, 0.5, 2) * (width, height)
            source = str(rng.choice(["annotation", "annotation", "drawn", "proposal"]))
            annotations.append(
                {
                    "id": len(annotations), "image_id": number, "category_id": int(rng.integers(len(CLASSES))),
                    "bbox": [float(x), float(y), float(w), float(h)], "hypviz": {"source": source},
                }
            )  # fmt: skip
        whole = {"id": len(annotations), "image_id": number, "category_id": 0, "bbox": [0, 0, width, height]}
        annotations += [whole] if number % 3 == 0 else []
    categories = [{"id": number, "name": name} for number, name in enumerate(CLASSES)]
    (folder / "made.json").write_text(json.dumps({"images": images, "annotations": annotations, "categories": categories}))
    items, _ = import_items(read_coco(folder / "made.json", folder))
    return items, build_hierarchy(items, HierarchySettings())


def written(items: Items, hierarchy: Hierarchy, **options: Any) -> Any:
    return annotated_set(items, hierarchy, np.arange(len(items)), name="made", **options)


def boxes_of(items: Items) -> dict[str, tuple[str, list[float]]]:
    """Label and corners by item id, which is a hash of the picture's content and the box."""
    return {str(items.item_id[row]): (items.name(row), items.xyxy[row].tolist()) for row in np.flatnonzero(~items.is_scene)}


def pairs_of(items: Items, hierarchy: Hierarchy) -> set[tuple[str, str]]:
    ids = items.item_id
    return set(zip(ids[hierarchy.edges.parent].tolist(), ids[hierarchy.edges.child].tolist(), strict=True))


def reads(format: str) -> bool:
    return format in detect.FORMATS


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("format", PICTURES)
def test_what_is_written_is_read_back_as_the_same_items(tmp_path: Path, format: str, seed: int) -> None:
    if not reads(format):
        pytest.skip(f"there is no reader of {format}")
    names = tuple(name for name in NAMES if "/" not in name) if format == "voc" and not reads("cvat") else NAMES
    items, hierarchy = random_set(tmp_path / "from", 10 * seed, names)
    files = annotation_files(written(items, hierarchy), format)
    write_with_pictures(tmp_path / "set.zip", items, np.arange(len(items)), files, format)
    with zipfile.ZipFile(tmp_path / "set.zip") as archive:
        archive.extractall(tmp_path / "to")
    again, report = import_items(detect.open_dataset(tmp_path / "to"))
    left = {reason for reason, entry in report.dropped.items() if entry["boxes"] or entry["images"]}
    expected, found = boxes_of(items), boxes_of(again)
    assert not left, report.dropped
    assert len(again.images) == len(items.images) and found.keys() == expected.keys()
    for key, (label, corners) in expected.items():
        assert found[key][0] == label and found[key][1] == pytest.approx(corners, abs=1e-4)
    assert pairs_of(again, build_hierarchy(again, HierarchySettings())) == pairs_of(items, hierarchy)
    if format in ("coco", "labelstudio", "voc"):
        sources = dict(zip(items.item_id.tolist(), items.source.tolist(), strict=True))
        assert dict(zip(again.item_id.tolist(), again.source.tolist(), strict=True)) == sources


def test_a_selection_is_its_boxes_with_the_relations_among_them(tmp_path: Path) -> None:
    items, hierarchy = random_set(tmp_path, 5)
    rows = np.sort(np.random.default_rng(0).choice(len(items), 15, replace=False))
    given = annotated_set(items, hierarchy, rows, name="some")
    boxes = [box for picture in given.pictures for box in picture.boxes]
    assert [box.number - 1 for box in boxes] == [row for row in rows.tolist() if not items.is_scene[row]]
    for box in boxes:
        over = {parent + 1 for parent in hierarchy.ancestors_of(box.number - 1).tolist()} & {one.number for one in boxes}
        between = {parent + 1 for one in over for parent in hierarchy.ancestors_of(one - 1).tolist()}
        assert set(box.parents or ()) == over - between


def test_relations_are_those_of_the_hierarchy_with_its_corrections(tmp_path: Path) -> None:
    items, hierarchy = random_set(tmp_path, 7)
    child = int(next(c for p, c in zip(hierarchy.edges.parent, hierarchy.edges.child, strict=True) if not items.is_scene[p]))
    parent = int(next(p for p in hierarchy.parents_of(child) if not items.is_scene[p]))
    ids = [str(items.item_id[row]) for row in (parent, child)]
    corrected, _ = correct(items, hierarchy, [Correction("not", "item", *ids)])
    for with_relation, given in ((True, written(items, hierarchy)), (False, written(items, corrected))):
        tasks = labelstudio_tasks(given)
        relations = {(one["from_id"], one["to_id"]) for task in tasks for one in results(task) if one["type"] == "relation"}
        coco = {box["id"]: box["hypviz"]["parents"] for box in coco_document(given, description="")["annotations"]}
        xml = ET.fromstring(cvat_xml(given))
        cvat = {box.findtext("attribute[@name='number']"): box.findtext("attribute[@name='inside']") or "" for box in xml.iter("box")}
        voc = [ET.fromstring(text) for text in voc_files(given).values()]
        own = {one.get("number"): [each.text for each in one.iter("parent")] for tree in voc for one in tree.iter("hypviz")}
        assert ((f"box{parent + 1}", f"box{child + 1}") in relations or items.source[parent] == "proposal") == with_relation or (
            items.source[[parent, child]] == "proposal"
        ).any()
        assert (parent + 1 in coco[child + 1]) == with_relation
        assert (str(parent + 1) in cvat[str(child + 1)].split()) == with_relation
        assert (str(parent + 1) in own[str(child + 1)]) == with_relation


def results(task: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for kind in ("annotations", "predictions") for each in task[kind] for one in each["result"]]


def corrected_set(items: Items, hierarchy: Hierarchy, seed: int) -> Hierarchy:
    """The hierarchy with some pairs taken out and some put in, as a person would; relations of pairs in two pictures among them."""
    rng = np.random.default_rng(seed)
    boxes = np.flatnonzero(~items.is_scene)
    wanted = []
    for _ in range(12):
        a, b = rng.choice(boxes, 2, replace=False)
        inside = hierarchy.edges.direct & ~items.is_scene[hierarchy.edges.parent]
        if rng.random() < 0.5 and inside.any():
            place = rng.choice(np.flatnonzero(inside))
            wanted.append(
                Correction("not", "item", *(str(items.item_id[row[place]]) for row in (hierarchy.edges.parent, hierarchy.edges.child)))
            )
        elif rng.random() < 0.3 or items.image[a] == items.image[b]:
            wanted.append(Correction("above", "item", str(items.item_id[a]), str(items.item_id[b])))
    made, outcomes = correct(items, hierarchy, wanted)
    assert any(not outcome.problem for outcome in outcomes)
    return made


def box_pairs(items: Items, hierarchy: Hierarchy) -> set[tuple[str, str]]:
    """All pairs of boxes, none of whole pictures."""
    inside = ~items.is_scene[hierarchy.edges.parent]
    ids = items.item_id
    return set(zip(ids[hierarchy.edges.parent[inside]].tolist(), ids[hierarchy.edges.child[inside]].tolist(), strict=True))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("format", ["coco", "cvat", "labelstudio", "voc"])
def test_corrections_of_the_hierarchy_come_back_as_corrections(tmp_path: Path, format: str, seed: int) -> None:
    """Label Studio's relations stay within a picture, so those between two pictures are not carried there."""
    items, base = random_set(tmp_path / "from", 20 + seed)
    hierarchy = corrected_set(items, base, seed)
    files = annotation_files(written(items, hierarchy), format)
    write_with_pictures(tmp_path / "set.zip", items, np.arange(len(items)), files, format)
    with zipfile.ZipFile(tmp_path / "set.zip") as archive:
        archive.extractall(tmp_path / "to")
    made, report = import_workspace(tmp_path / "ws", detect.open_dataset(tmp_path / "to"), name="again")
    image_of = dict(zip(items.item_id.tolist(), items.image.tolist(), strict=True))
    expected = box_pairs(items, hierarchy)
    if format == "labelstudio":
        expected = {pair for pair in expected if image_of[pair[0]] == image_of[pair[1]]}
    assert boxes_of(made.items).keys() == boxes_of(items).keys()
    assert box_pairs(made.items, made.hierarchy) == expected
    changed = box_pairs(items, base) != expected
    assert any("taken over as" in note for note in report.notes) == changed
    assert report.notes == tuple(made.meta["import"]["notes"])
    draft = Draft(Workspace.open(tmp_path / "ws"))
    assert draft.pending == 0 and bool(draft.corrections()) == changed
    assert not any(one["problem"] for one in draft.corrections())
    assert box_pairs(apply(draft).items, draft.workspace.hierarchy) == expected
    for one in draft.corrections():
        draft.remove(one["id"])
    assert box_pairs(apply(draft).items, draft.workspace.hierarchy) == box_pairs(items, base)


def test_what_files_state_of_boxes_that_are_not_there_or_go_in_circles_is_noted(tmp_path: Path) -> None:
    random_picture((60, 60)).save(tmp_path / "a.png")
    boxes = [[0, 0, 50, 50], [5, 5, 10, 10], [30, 30, 10, 10]]
    parents = [[2], [1], [99, 3]]
    annotations = [
        {"id": number, "image_id": 1, "category_id": 1, "bbox": box, "hypviz": {"parents": over}}
        for number, (box, over) in enumerate(zip(boxes, parents, strict=True), start=1)
    ]
    content = {"images": [{"id": 1, "file_name": "a.png"}], "annotations": annotations, "categories": [{"id": 1, "name": "x"}]}
    (tmp_path / "a.json").write_text(json.dumps(content))
    made, report = import_workspace(tmp_path / "ws", detect.open_dataset(tmp_path), name="odd")
    assert len(made.items) == 4
    assert "2 boxes are said to lie in boxes that are not there" in "; ".join(report.notes)
    assert "contradict each other" in "; ".join(report.notes)


# ---- what each format says of its files ------------------------------------------------------------------------------------------------


def test_cvat_has_the_elements_of_its_documentation(tmp_path: Path) -> None:
    items, hierarchy = random_set(tmp_path, 1)
    root = ET.fromstring(cvat_xml(written(items, hierarchy)))
    assert root.tag == "annotations" and root.findtext("version") == "1.1"
    assert [label.findtext("name") for label in root.iterfind("meta/task/labels/label")] == list(items.classes)
    assert root.findtext("meta/task/size") == str(len(items.images)) and root.findtext("meta/task/mode") == "annotation"
    assert [image.get("name") for image in root.iterfind("image")] == items.images.file_name.tolist()
    for place, image in enumerate(root.iterfind("image")):
        size = (int(items.images.width[place]), int(items.images.height[place]))
        assert (image.get("id"), int(image.get("width", "")), int(image.get("height", ""))) == (str(place), *size)
        for box in image.iterfind("box"):
            assert {"label", "source", "occluded", "xtl", "ytl", "xbr", "ybr", "z_order"} == set(box.keys())
            row = int(box.findtext("attribute[@name='number']") or 0) - 1
            assert [np.float32(box.get(key, "")) for key in ("xtl", "ytl", "xbr", "ybr")] == items.xyxy[row].tolist()
            assert box.get("source") == ("auto" if items.source[row] == "proposal" else "manual") and box.get("label") == items.name(row)
    declared = {label: [one.findtext("name") for one in label.iterfind("attributes/attribute")] for label in root.iter("label")}
    assert all(names == ["number", "inside"] for names in declared.values())


def test_label_studio_has_the_fields_of_its_task_format(tmp_path: Path) -> None:
    items, hierarchy = random_set(tmp_path, 2)
    tasks = labelstudio_tasks(written(items, hierarchy))
    assert [unquote(task["data"]["image"].partition("?d=")[2]) for task in tasks] == items.images.file_name.tolist()
    regions = [one for task in tasks for one in results(task) if one["type"] == "rectanglelabels"]
    relations = [one for task in tasks for one in results(task) if one["type"] == "relation"]
    assert len(regions) == len(items) - len(items.images) and relations
    for one in regions:
        row = int(one["id"].removeprefix("box")) - 1
        assert one["value"]["rectanglelabels"] == [items.name(row)] and one["value"]["rotation"] == 0 and one["image_rotation"] == 0
        width, height = one["original_width"], one["original_height"]
        x1, y1 = one["value"]["x"] * width / 100, one["value"]["y"] * height / 100
        corners = [x1, y1, x1 + one["value"]["width"] * width / 100, y1 + one["value"]["height"] * height / 100]
        assert corners == pytest.approx(items.xyxy[row].tolist(), abs=1e-4)
    known = {one["id"] for one in regions}
    assert all({one["from_id"], one["to_id"]} <= known and one["direction"] == "right" for one in relations)
    proposed = {f"box{row + 1}" for row in np.flatnonzero(items.source == "proposal")}
    assert {one["id"] for task in tasks for each in task["predictions"] for one in each["result"] if "id" in one} == proposed


def test_yolo_has_a_line_of_fractions_for_each_box_and_names_that_stay_text(tmp_path: Path) -> None:
    items, hierarchy = random_set(tmp_path, 3)
    files = yolo_files(written(items, hierarchy))
    said = yaml.safe_load(files.pop("data.yaml"))
    assert list(said["names"].values()) == list(items.classes) and all(isinstance(name, str) for name in said["names"].values())
    assert len(files) == len(items.images) and sum(text.count("\n") for text in files.values()) == len(boxes_of(items))
    for text in files.values():
        for line in text.splitlines():
            number, *fractions = line.split(" ")
            assert 0 <= int(number) < len(items.classes) and len(fractions) == 4
            assert all(0 <= float(value) <= 1 and "e" not in value for value in fractions)


def test_pictures_that_differ_by_their_ending_alone_are_told_where_a_format_cannot_hold_both(tmp_path: Path) -> None:
    items, hierarchy = random_set(tmp_path, 4, ("train/a.png", "train/a.jpg"))
    for write in (yolo_files, voc_files):
        with pytest.raises(DataError, match=r"train/a\.png and train/a\.jpg differ by their ending alone"):
            write(written(items, hierarchy))
    assert cvat_xml(written(items, hierarchy)).count("<image ") == 2


def test_a_class_with_what_xml_cannot_hold_is_still_xml(tmp_path: Path) -> None:
    items, hierarchy = random_set(tmp_path, 6)
    object.__setattr__(items, "classes", tuple(f"{name}\x00\x0b" for name in items.classes))
    given = written(items, hierarchy)
    assert "�" in (ET.fromstring(cvat_xml(given)).findtext("meta/task/labels/label/name") or "")
    assert all(ET.fromstring(text).tag == "annotation" for text in voc_files(given).values())


def test_a_picture_that_is_gone_cannot_be_packed(tmp_path: Path) -> None:
    items, hierarchy = random_set(tmp_path, 8)
    (tmp_path / NAMES[2]).unlink()
    files = annotation_files(written(items, hierarchy), "coco")
    with pytest.raises(DataError, match=r"é ü\.png cannot be read \(No such file or directory\), so it cannot be packed"):
        write_with_pictures(tmp_path / "set.zip", items, np.arange(len(items)), files, "coco")


def test_there_is_one_writer_of_coco() -> None:
    root = Path(__file__).resolve().parents[2] / "hypviz"
    written_in = [path for path in root.rglob("*.py") if '"iscrowd": ' in path.read_text(encoding="utf-8")]
    assert written_in == [root / "data" / "writers" / "coco.py"]
