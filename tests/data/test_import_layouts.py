"""Random sets in every layout under every hazard: the same boxes come back, or each loss is counted."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hypviz.data.formats.detect import open_dataset
from hypviz.data.importer import ImportReport, import_items
from hypviz.data.items import Items
from tests.data.layouts import HAZARDS, WRITERS, Box, Layout, Scene, boxes_of, picture, truth_of

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


SCRIPTS = ("Bär", "猫", "колесо", "عجلة", "τροχός", "ねこ", "바퀴")
BREAKABLE = ("coco", "voc", "yolo", "cvat", "labelme", "labelstudio", "via", "supervisely", "kitti", "csv", "metadata", "createml")
REASONS = {
    *("box is not four numbers", "unreadable annotation", "no YOLO row", "no box", "no class name", "no picture in the record"),
    *("unreadable record", "unusable record", "no such image", "no such category", "no such class", "empty box", "outside the picture"),
    *("missing", "truncated", "not a picture", "empty file", "annotation file not read", "row of another length", "not finite"),
}


@pytest.mark.parametrize("seed", range(6))
def test_ten_layouts_in_one_folder_with_broken_records_in_each_add_up(tmp_path: Path, seed: int) -> None:
    """A hostile mix: random boxes, names in five scripts, broken records and pictures in each layout; read = kept + dropped."""
    rng = np.random.default_rng(seed)
    truth, every, bad_pictures, bad_records = [], [], 0, {"image": 0, "box": 0}
    for number, layout in enumerate(rng.permutation(BREAKABLE)[: rng.integers(10, len(BREAKABLE) + 1)].tolist()):
        names = [f"{layout} {word}.png" for word in rng.permutation(SCRIPTS)[:5]]
        scenes = [Scene(name, boxes=random_boxes(rng)) for name in names]
        folder = tmp_path / f"{number} {layout}"
        WRITERS[layout](Layout(folder, CLASSES), scenes)
        for _ in range(rng.integers(1, 4)):
            bad_records[spoil(folder, layout, rng, scenes[0])] += 1
        every += scenes
        if rng.random() < 0.5:
            data = picture(scenes[1].size, 1)
            next(folder.rglob(scenes[1].name)).write_bytes([b"", b"no picture", data[: len(data) // 2]][rng.integers(3)])
            bad_pictures += 1
            truth += [scene for scene in scenes if scene is not scenes[1]]
        else:
            truth += scenes
    (tmp_path / "left over.json").write_text('{"bbox": [1, 2')
    items, report = load(tmp_path)
    assert boxes_of(items) == truth_of(truth)
    assert report.images == len(truth)
    adds_up(report)
    lost = sum(entry["count"] for entry in report.dropped.values())
    assert lost == bad_pictures + sum(bad_records.values()) + 1, report.dropped
    assert report.images_read == len(every) + bad_records["image"]
    assert report.boxes_read == sum(len(scene.boxes) for scene in every) + bad_records["box"]
    assert report.files_read == report.files + sum(entry.get("files", 0) for entry in report.dropped.values())
    assert set(report.dropped) <= REASONS
    assert all(entry["examples"] for entry in report.dropped.values())


def random_boxes(rng: np.random.Generator) -> tuple[Box, ...]:
    found = []
    for _ in range(rng.integers(2, 5)):
        x1, y1 = int(rng.integers(0, 120)), int(rng.integers(0, 90))
        label = str(rng.choice([name for name in CLASSES if name != "012"]))
        found.append((label, x1, y1, int(rng.integers(x1 + 4, 161)), int(rng.integers(y1 + 4, 121))))
    return tuple(dict.fromkeys(found))


def spoil(folder: Path, layout: str, rng: np.random.Generator, scene: Scene) -> str:
    """Add a record that cannot be used, of no picture that is spoilt itself, to what a writer wrote; whether of an image or a box."""
    bad = f"broken {rng.integers(1 << 30)}"
    boxes = [[1, None, 2, 3], [1, 2, 3], "x", [4, 5, 0, 6], [500, 500, 9, 9]]
    box, plain = boxes[rng.integers(5)], boxes[rng.integers(3)]
    edits = {
        "coco": (
            "annotations/set.json",
            lambda c: c["annotations"].append({"id": bad, "image_id": int(rng.choice([0, 2, 3, 4])), "category_id": 1, "bbox": box}),
        ),
        "labelstudio": ("project.json", lambda c: c.append({"id": bad, "data": {"text": "no picture"}, "annotations": []})),
        "via": ("via_region_data.json", lambda c: c.update({bad: {"regions": [], "size": 3}})),
        "supervisely": (
            f"ds0/ann/{scene.name}.json",
            lambda c: c["objects"].append({"classTitle": "no", "geometryType": "point", "points": {"exterior": [[1, 2]]}}),
        ),
        "createml": ("train/_annotations.createml.json", lambda c: c.append(plain)),
    }
    if layout in edits:
        name, edit = edits[layout]
        content = json.loads((folder / name).read_text(encoding="utf-8"))
        edit(content)
        (folder / name).write_text(json.dumps(content), encoding="utf-8")
    elif layout == "cvat":
        path = folder / "annotations.xml"
        extra = ['<box label="no" xtl="x"/>', '<box label="" xtl="1" ytl="2" xbr="9" ybr="9"/>', '<polygon label="no" points=""/>'][
            rng.integers(3)
        ]
        path.write_text(path.read_text(encoding="utf-8").replace("</image>", f"{extra}</image>", 1), encoding="utf-8")
    elif layout in ("voc", "labelme"):
        name = f"Annotations/cam/{bad}.xml" if layout == "voc" else f"{bad}.json"
        (folder / name).write_text("<annotation><object>" if layout == "voc" else '{"shapes": [{"imagePath": "x"')
    else:
        line = {
            "csv": [f"{scene.name},no,1,2,x,4", f"{scene.name},,1,2,30,40", f"{scene.name},no,1,2,30,40,50", ",no,1,2,30,40"][
                rng.integers(4)
            ],
            "metadata": ["{not json", "[1, 2]", '{"text": "x"}'][rng.integers(3)],
            "yolo": ["0 0.5 x 0.1 0.1", "99 0.5 0.5 0.1 0.1", "0 0.5 0.5 0.1 0"][rng.integers(3)],
            "kitti": "no 0 0 0 1 2 nan? 4 1 1 1 1 1 1 0",
        }
        places = {"csv": "boxes.csv", "metadata": "train/metadata.jsonl", "yolo": f"labels/train/{scene.stem}.txt"}
        path = folder / places.get(layout, f"training/label_2/{scene.stem}.txt")
        path.write_text(path.read_text(encoding="utf-8") + "\n" + line[layout], encoding="utf-8")
    return "box" if layout in ("coco", "supervisely", "cvat", "csv", "yolo", "kitti") else "image"
