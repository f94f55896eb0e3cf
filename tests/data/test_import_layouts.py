"""Random sets in every layout under every hazard: the same boxes come back, or each loss is counted."""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hypviz.data.formats.detect import open_dataset
from hypviz.data.importer import ImportReport, import_items
from hypviz.data.items import Items
from tests.data.layouts import HAZARDS, WRITERS, Box, Layout, Scene, boxes_of, truth_of

CLASSES = ("Löwe", "no", "猫", "012", "колесо", "عجلة")
NAMES = ("a b.png", "Übung 1.png", "猫 2.png", "колесо 3.png", "x-12.png", "n 7.png")
"""File names that survive capital letters and percent signs."""


def boxes_in(width: int, height: int) -> st.SearchStrategy[Box]:
    span_x = st.integers(0, width - 5).flatmap(lambda a: st.tuples(st.just(a), st.integers(a + 3, width)))
    span_y = st.integers(0, height - 5).flatmap(lambda a: st.tuples(st.just(a), st.integers(a + 3, height)))
    return st.builds(lambda label, x, y: (label, x[0], y[0], x[1], y[1]), st.sampled_from(CLASSES), span_x, span_y)


@st.composite
def random_scenes(draw: st.DrawFn) -> list[Scene]:
    """Three to six pictures with one box at least, so that every layout can say that they are there."""
    names = draw(st.permutations(NAMES))[: draw(st.integers(3, 6))]
    scenes = []
    for name in names:
        size = draw(st.sampled_from([(160, 120), (107, 160), (240, 200)]))
        scenes.append(Scene(name, size, tuple(draw(st.lists(boxes_in(*size), min_size=1, max_size=4, unique=True)))))
    return scenes


def load(folder: Path) -> tuple[Items, ImportReport]:
    return import_items(open_dataset(folder))


def adds_up(report: ImportReport) -> None:
    dropped = report.dropped.values()
    assert report.images_read == report.images + sum(entry["images"] for entry in dropped)
    assert report.boxes_read == report.boxes + sum(entry["boxes"] for entry in dropped)
    assert report.files_read == report.files + sum(entry.get("files", 0) for entry in dropped)


@pytest.mark.parametrize("layout", WRITERS)
@settings(max_examples=4, deadline=None)
@given(scenes=random_scenes(), hazard=st.sampled_from(sorted(HAZARDS)))
def test_every_layout_under_every_hazard_gives_the_same_boxes(layout: str, scenes: list[Scene], hazard: str) -> None:
    if layout == "kitti":  # whose types are words: a line that begins with a number is not taken for KITTI's
        scenes = [replace(one, boxes=tuple((name.replace("012", "no"), *box) for name, *box in one.boxes)) for one in scenes]
    with tempfile.TemporaryDirectory() as place:
        root = Path(place) / "set"
        WRITERS[layout](Layout(root, CLASSES, HAZARDS[hazard]), scenes)
        items, report = load(root)
        assert boxes_of(items) == truth_of(scenes)
        assert (report.images, report.clipped, report.dropped) == (len(scenes), 0, {})
        assert report.files == report.files_read > 0
        shutil.rmtree(root)


@pytest.mark.parametrize("layout", WRITERS)
def test_a_set_in_a_cloned_repository_is_the_set(layout: str, tmp_path: Path) -> None:
    scenes = [Scene(name, boxes=(("no", 10, 20, 60, 80), ("猫", 30, 40, 150, 110))) for name in NAMES]
    WRITERS[layout](Layout(tmp_path / "clone" / "data set", CLASSES), scenes)
    (tmp_path / "clone" / "README.md").write_text("# A data set\n")
    (tmp_path / "clone" / "LICENSE").write_text("free")
    items, report = load(tmp_path / "clone")
    assert (boxes_of(items), report.dropped) == (truth_of(scenes), {})


@pytest.mark.parametrize("layout", WRITERS)
def test_a_picture_that_is_gone_is_counted_with_its_boxes(layout: str, tmp_path: Path) -> None:
    scenes = [Scene(name, boxes=(("no", 10, 20, 60, 80), ("猫", 30, 40, 150, 110))) for name in NAMES]
    WRITERS[layout](Layout(tmp_path, CLASSES), scenes)
    next(tmp_path.rglob(NAMES[2])).unlink()
    items, report = load(tmp_path)
    assert boxes_of(items) == truth_of([scene for scene in scenes if scene.name != NAMES[2]])
    assert {reason: (entry["images"], entry["boxes"]) for reason, entry in report.dropped.items()} == {"missing": (1, 2)}
    adds_up(report)


@pytest.mark.parametrize("layout", [name for name in WRITERS if name not in ("splits", "yolo", "supervisely")])
def test_a_name_that_two_pictures_fit_is_counted_with_both(layout: str, tmp_path: Path) -> None:
    """Two folders beside the annotations hold a picture of that name: neither is taken for it."""
    scenes = [Scene(name, boxes=(("no", 10, 20, 60, 80),)) for name in NAMES]
    WRITERS[layout](Layout(tmp_path, CLASSES), scenes)
    picture = next(tmp_path.rglob(NAMES[0]))
    data = picture.read_bytes()
    picture.unlink()
    for folder in ("one", "two"):
        (tmp_path / "elsewhere" / folder).mkdir(parents=True)
        (tmp_path / "elsewhere" / folder / NAMES[0]).write_bytes(data)
    items, report = load(tmp_path)
    assert boxes_of(items) == truth_of(scenes[1:])
    example = report.dropped["ambiguous picture name"]["examples"][0]
    assert f"elsewhere/one/{NAMES[0]} or elsewhere/two/{NAMES[0]}" in example
    adds_up(report)


@pytest.mark.parametrize("layout", ["splits", "yolo", "coco", "voc", "kitti", "labelme", "metadata"])
def test_equal_stems_in_two_splits_keep_their_own_boxes(layout: str, tmp_path: Path) -> None:
    """The same file names in train and val, as cameras give them, with other boxes."""
    parts = {
        "train": [Scene("1.png", (160, 120), (("no", 1, 2, 30, 40),))],
        "val": [Scene("1.png", (107, 160), (("猫", 50, 60, 100, 150),))],
    }
    for split, scenes in parts.items():
        writer = "coco" if layout == "splits" else layout
        WRITERS[writer](Layout(tmp_path / split, CLASSES), scenes)
    items, report = load(tmp_path)
    assert (report.images, report.boxes, set(report.dropped)) == (2, 2, {"split not found"} if layout == "yolo" else set())
    for image in range(2):
        split = str(items.images.file_name[image]).split("/")[0]
        (row,) = items.of_image(image)[1:]
        assert (items.name(row), *np.round(items.xyxy[row], 3)) == parts[split][0].boxes[0]


@pytest.mark.parametrize("layout", WRITERS)
def test_a_leftover_of_another_split_is_never_given_to_a_picture_of_that_name(layout: str, tmp_path: Path) -> None:
    """train still has the annotation of 2.png, which was moved to val, where nobody annotated it."""
    scenes = [Scene(f"{number}.png", boxes=(("no", 10, 20, 60, 80 + number),)) for number in range(4)]
    WRITERS[layout](Layout(tmp_path / "train", CLASSES), scenes)
    place = next((tmp_path / "train").rglob("2.png"))
    (tmp_path / "val" / "images").mkdir(parents=True)
    place.rename(tmp_path / "val" / "images" / "2.png")
    items, report = load(tmp_path)
    assert boxes_of(items) == truth_of([scene for scene in scenes if scene.stem != "2"])
    assert report.dropped["missing"]["boxes"] == 1
    adds_up(report)


def test_ten_layouts_in_one_folder_with_broken_records_in_each_add_up(tmp_path: Path) -> None:
    """A hostile mix: names in five scripts, a good picture and a broken record for each layout; read = kept + dropped."""
    truth = []
    layouts = ["coco", "voc", "yolo", "cvat", "labelme", "labelstudio", "via", "supervisely", "kitti", "csv", "metadata", "createml"]
    for number, layout in enumerate(layouts):
        scenes = [
            Scene(f"{layout} {stem}.png", boxes=(("no", 1 + place, 2, 30, 40), ("колесо", 60, 50, 110 + place, 100)))
            for place, stem in enumerate(("Bär", "猫", "колесо", "عجلة", "τροχός"))
        ]
        WRITERS[layout](Layout(tmp_path / f"{number} {layout}", CLASSES), scenes)
        spoil(tmp_path / f"{number} {layout}", layout)
        truth += scenes
    items, report = load(tmp_path)
    assert boxes_of(items) == truth_of(truth)
    assert report.images == 5 * len(layouts)
    adds_up(report)
    lost = sum(entry["count"] for entry in report.dropped.values())
    assert lost >= len(layouts), report.dropped
    assert set(report.dropped) <= {
        *("box is not four numbers", "unreadable annotation", "no YOLO row", "no box", "no class name", "no picture in the record"),
        *("unreadable record", "unusable record"),
    }


def spoil(folder: Path, layout: str) -> None:
    """Add a record that cannot be used to what a writer wrote."""
    edits = {
        "coco": (
            "annotations/set.json",
            lambda c: c["annotations"].append({"id": 99, "image_id": 0, "category_id": 1, "bbox": [1, None, 2, 3]}),
        ),
        "labelstudio": ("project.json", lambda c: c.append({"id": 99, "data": {"text": "no picture"}, "annotations": []})),
        "via": ("via_region_data.json", lambda c: c.update(bad={"regions": [], "size": 3})),
        "supervisely": ("ds0/ann/supervisely Bär.png.json", lambda c: c["objects"].append({"classTitle": "no", "geometryType": "point"})),
        "createml": ("train/_annotations.createml.json", lambda c: c.append("no object")),
    }
    if layout in edits:
        name, edit = edits[layout]
        content = json.loads((folder / name).read_text(encoding="utf-8"))
        edit(content)
        (folder / name).write_text(json.dumps(content), encoding="utf-8")
    elif layout == "cvat":
        path = folder / "annotations.xml"
        path.write_text(path.read_text(encoding="utf-8").replace("</image>", '<box label="no" xtl="x"/></image>', 1), encoding="utf-8")
    elif layout in ("voc", "labelme"):
        name = "Annotations/cam/broken.xml" if layout == "voc" else "broken.json"
        (folder / name).write_text("<annotation><object>" if layout == "voc" else '{"shapes": [{"imagePath": "x"')
    else:
        line = {
            "csv": "csv Bär.png,no,1,2,x,4",
            "metadata": "{not json",
            "yolo": "0 0.5 x 0.1 0.1",
            "kitti": "no 0 0 0 1 2 nan? 4 1 1 1 1 1 1 0",
        }
        places = {"csv": "boxes.csv", "metadata": "train/metadata.jsonl", "yolo": "labels/train/yolo Bär.txt"}
        path = folder / places.get(layout, "training/label_2/kitti Bär.txt")
        path.write_text(path.read_text(encoding="utf-8") + "\n" + line[layout], encoding="utf-8")
