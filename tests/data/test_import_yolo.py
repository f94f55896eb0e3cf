"""YOLO text labels: the layouts that tools write, rows of every kind, and what is not a row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hypviz.data.formats.coco import read_coco
from hypviz.data.formats.detect import detect_format, open_dataset
from hypviz.data.formats.yolo import read_yolo
from hypviz.data.importer import ImportReport, import_items
from hypviz.data.items import Items
from hypviz.errors import DataError

MakePicture = Callable[..., Path]
Box = tuple[str, float, float, float, float]
"""Class, x1, y1, x2, y2 in pixels."""


def load(path: Path, images: Path | None = None) -> tuple[Items, ImportReport]:
    return import_items(read_yolo(path, images))


def dropped(report: ImportReport) -> dict[str, int]:
    return {reason: entry["count"] for reason, entry in report.dropped.items()}


def boxes_of(items: Items) -> list[tuple[str, str, list[float]]]:
    rows = np.flatnonzero(~items.is_scene)
    names = items.images.file_name[items.image]
    return sorted((Path(str(names[row])).name, items.name(row), np.round(items.xyxy[row] * 8).tolist()) for row in rows)


def write_yolo(folder: Path, labels: Mapping[str, str], *, names: Sequence[str] = ("car", "wheel"), config: str | None = None) -> Path:
    """labels: text by the stem of a picture in images/; config: data.yaml's text."""
    for stem, text in labels.items():
        path = folder / "labels" / f"{stem}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    lines = "\n".join(f"  {number}: {name}" for number, name in enumerate(names))
    (folder / "data.yaml").write_text(config or f"path: .\ntrain: images\nnames:\n{lines}\n", encoding="utf-8")
    return folder


def row(box: Box, names: Sequence[str], size: tuple[int, int]) -> str:
    label, x1, y1, x2, y2 = box
    width, height = size
    numbers = (x1 + x2) / 2 / width, (y1 + y2) / 2 / height, (x2 - x1) / width, (y2 - y1) / height
    return f"{names.index(label)} " + " ".join(f"{number:.6f}" for number in numbers)


def test_yolo_gives_the_items_that_coco_gives(shared_data: Path) -> None:
    """Both were exported by one tool; six digits move no corner by an eighth of a pixel, so even the ids are the same."""
    yolo, report = load(shared_data / "formats/multi100/yolo")
    coco, _ = import_items(read_coco(shared_data / "formats/multi100/coco_b/instances_v2.json"))
    assert (report.images, report.boxes_read, report.boxes, dropped(report)) == (100, 273, 273, {})
    assert boxes_of(yolo) == boxes_of(coco)
    assert set(yolo.item_id.tolist()) == set(coco.item_id.tolist())
    assert (report.clipped, report.name) == (0, "yolo")


@pytest.mark.parametrize("folder", ["strict", "labels", "annotations"])
def test_darknet_mirrored_and_loose_layouts_open(shared_data: Path, folder: str) -> None:
    items, report = import_items(open_dataset(shared_data / "formats/tiny/yolo_dataset" / folder))
    assert items.classes == ("label_2", "label_4")
    assert report.boxes == 2 * report.images == (4 if folder == "labels" else 2)
    width, height = items.images.width[0], items.images.height[0]
    assert items.xyxy[1] == pytest.approx([0, 0.2 * height, 0.266667 * width, 0.4 * height], abs=0.01)
    assert report.clipped == 0


@pytest.mark.parametrize(
    "config",
    [
        "path: ../datasets/moved\ntrain: images/train\nval: images/val\nnames: [car, wheel]\n",
        "train: ../train/images\nval: ../valid/images\nnc: 2\nnames: ['car', 'wheel']\n",
        "path: /home/someone/set\ntrain: train.txt\nnames: {0: car, 1: wheel}\n",
        "names:\n  0: car\n  1: wheel\n",
        "train:\n - images/train\n - images/val\nval: images/val\nnames: [car, wheel]\n",
    ],
)
def test_a_moved_data_yaml_still_finds_its_pictures(tmp_path: Path, make_picture: MakePicture, config: str) -> None:
    roboflow = "../train" in config
    for split, other in (("train", "train"), ("val", "valid")):
        folder = tmp_path / other / "images" if roboflow else tmp_path / "images" / split
        make_picture(folder / f"{split}.jpg")
        label = Path(str(folder).replace("images", "labels")) / f"{split}.txt"
        label.parent.mkdir(parents=True, exist_ok=True)
        label.write_text("1 0.5 0.5 0.5 0.5\n")
    (tmp_path / "train.txt").write_text("./images/train/train.jpg\n./images/val/val.jpg\n")
    (tmp_path / "data.yaml").write_text(config)
    assert detect_format(tmp_path) == detect_format(tmp_path / "data.yaml") == "yolo"
    for place in (tmp_path, tmp_path / "data.yaml"):
        items, report = import_items(open_dataset(place))
        assert sorted(Path(name).name for name in items.images.file_name.tolist()) == ["train.jpg", "val.jpg"]
        assert items.xyxy[1].tolist() == [10, 7.5, 30, 22.5]
        assert (report.boxes, items.classes) == (2, ("wheel",))


def test_splits_are_looked_for_below_the_path_that_the_configuration_states(tmp_path: Path, make_picture: MakePicture) -> None:
    for number, folder in enumerate(("one", "two")):
        make_picture(tmp_path / folder / "images" / "train" / f"{folder}.png", (64, 48), seed=number)
        (tmp_path / folder / "labels" / "train").mkdir(parents=True)
        (tmp_path / folder / "labels" / "train" / f"{folder}.txt").write_text("0 0.5 0.5 0.25 0.5\n")
    (tmp_path / "data.yaml").write_text("path: two\ntrain: images/train\nnames: [car]\n")
    items, report = load(tmp_path)
    assert boxes_of(items) == [("two.png", "car", [24 * 8, 12 * 8, 40 * 8, 36 * 8])]
    assert dropped(report) == {"picture in no split of the configuration": 1}


def test_labels_without_their_picture_are_not_given_to_one_of_that_name_that_has_its_own(tmp_path: Path, make_picture: MakePicture) -> None:
    make_picture(tmp_path / "images" / "one" / "a.png", (64, 48))
    write_yolo(tmp_path, {"one/a": "0 0.5 0.5 0.25 0.5\n", "two/a": "1 0.5 0.5 0.5 0.5\n1 0.5 0.5 0.25 0.25\n"})
    items, report = load(tmp_path)
    assert boxes_of(items) == [("a.png", "car", [24 * 8, 12 * 8, 40 * 8, 36 * 8])]
    assert dropped(report) == {"missing": 1} and report.dropped["missing"]["boxes"] == 2


def test_a_configuration_cannot_lead_out_of_its_folder(tmp_path: Path, make_picture: MakePicture) -> None:
    make_picture(tmp_path / "private/secret.jpg")
    make_picture(tmp_path / "set/images/a.jpg")
    for config in (f"path: {tmp_path}/private\ntrain: .\n", "path: ..\ntrain: ../private\n", f"train: [../private, {tmp_path}/private]\n"):
        write_yolo(tmp_path / "set", {"a": "0 0.5 0.5 1 1"}, config=config + "names: [car]\n")
        assert load(tmp_path / "set")[0].images.file_name.tolist() == ["images/a.jpg"]


def test_rows_of_every_kind_become_boxes(tmp_path: Path, make_picture: MakePicture) -> None:
    make_picture(tmp_path / "images/a.jpg", (100, 50))
    rows = [
        "0 0.5 0.5 0.2 0.4",
        "1 0.5 0.5 0.2 0.4 0.93",  # a confidence
        "1 0.1 0.2 0.3 0.2 0.3 0.8",  # an outline of three points
        "0 0.2 0.5 0.5 0.2 0.8 0.5 0.5 0.8",  # a rotated box
        "\t1.0   5e-1 0.5 0.2 0.4  ",
        "",
    ]
    items, report = load(write_yolo(tmp_path, {"a": "\ufeff" + "\r\n".join(rows)}))
    expected = [[40, 15, 60, 35], [40, 15, 60, 35], [10, 10, 30, 40], [20, 10, 80, 40], [40, 15, 60, 35]]
    assert np.allclose(items.xyxy[1:], expected, atol=1e-4)
    assert ([items.name(k) for k in range(1, 6)], dropped(report)) == (["car", "wheel", "wheel", "car", "wheel"], {})


def test_keypoints_after_the_box_are_not_an_outline(tmp_path: Path, make_picture: MakePicture) -> None:
    make_picture(tmp_path / "images/a.jpg", (100, 50))
    config = "train: images\nkpt_shape: [2, 3]\nnames: [person]\n"
    items, _ = load(write_yolo(tmp_path, {"a": "0 0.5 0.5 0.2 0.4 0.1 0.1 2 0.9 0.9 1"}, config=config))
    assert np.allclose(items.xyxy[1], [40, 15, 60, 35], atol=1e-4)


def test_what_is_no_row_is_counted_by_reason(tmp_path: Path, make_picture: MakePicture) -> None:
    make_picture(tmp_path / "images/a.jpg")
    rows = ["0 0.5 0.5", "car 0.5 0.5 0.1 0.1", "7 0.5 0.5 0.1 0.1", "0.5 0.5 0.5 0.1 0.1", "0 120 80 40 40"]
    rows += ["0 nan 0.5 0.1 0.1", "0 0.5 0.5 0 0.1", "0 1.4 0.5 0.1 0.1", "0 1 0.5 0.5 0.5", "0 0.1 0.1 0.2 0.2 0.3 0.3 0.4"]
    items, report = load(write_yolo(tmp_path, {"a": "\n".join(rows)}))
    assert dropped(report) == {
        "no YOLO row": 3,
        "no such class": 2,
        "not fractions of the picture": 1,
        "not finite": 1,
        "empty box": 1,
        "outside the picture": 1,
    }
    assert (report.boxes, report.boxes_read, report.clipped) == (1, 10, 1)
    assert items.xyxy[1].tolist() == [30, 7.5, 40, 22.5]
    assert report.dropped["no such class"]["examples"] == ["a.txt: line 3: class 7 of 2", "a.txt: line 4: class 0.5 of 2"]


def test_pictures_and_labels_without_each_other(tmp_path: Path, make_picture: MakePicture) -> None:
    for name in ("a", "background"):
        make_picture(tmp_path / f"images/{name}.jpg")
    items, report = load(write_yolo(tmp_path, {"a": "0 0.5 0.5 1 1", "gone": "0 0.5 0.5 1 1\n1 0.5 0.5 1 1", "empty": ""}))
    assert items.images.file_name.tolist() == ["images/a.jpg", "images/background.jpg"]
    assert report.dropped["missing"] == {
        "count": 1,
        "images": 1,
        "boxes": 2,
        "examples": ["gone.txt: labels/gone.jpg, there is no such file"],
    }


def test_a_label_file_that_two_pictures_may_have_is_given_to_neither(tmp_path: Path, make_picture: MakePicture) -> None:
    for name in ("a.jpg", "a.png", "b.png"):
        make_picture(tmp_path / "images" / name)
    rows = {"a": "0 0.5 0.5 1 1\n0 0.5 0.5 0.5 0.5", "b": "1 0.5 0.5 1 1"}
    items, report = load(write_yolo(tmp_path, rows))
    assert (report.images, report.boxes, report.boxes_read, items.classes) == (3, 1, 3, ("wheel",))
    entry = report.dropped["label file of several pictures"]
    assert (entry["boxes"], entry["examples"]) == (2, ["labels/a.txt may be that of images/a.jpg or images/a.png"])
    (tmp_path / "images/b.png").unlink()
    (tmp_path / "labels/b.txt").unlink()
    with pytest.raises(DataError, match=r"a\.txt: may be that of images/a\.jpg or images/a\.png.*keep one picture of each name"):
        load(tmp_path)


def test_labels_without_names_keep_their_numbers(tmp_path: Path, make_picture: MakePicture) -> None:
    make_picture(tmp_path / "images/a.jpg")
    write_yolo(tmp_path, {"a": "3 0.5 0.5 1 1"})
    (tmp_path / "data.yaml").unlink()
    assert detect_format(tmp_path) == "yolo"
    assert load(tmp_path)[0].classes == ("class 3",)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("names: [a\n", r"data\.yaml: not a YAML file"),
        ("- names\n", r"data\.yaml: expected a mapping with names and train, got list"),
        ("names: car\n", r"data\.yaml: names must be a list or a mapping of class names, got 'car'"),
        ("names: {first: car}\n", r"the keys of names must be whole numbers, got \['first'\]"),
    ],
)
def test_a_broken_configuration_is_named(tmp_path: Path, make_picture: MakePicture, config: str, message: str) -> None:
    make_picture(tmp_path / "images/a.jpg")
    write_yolo(tmp_path, {"a": "0 0.5 0.5 1 1"}, config=config)
    with pytest.raises(DataError, match=message):
        read_yolo(tmp_path / "data.yaml")


def test_pictures_without_any_label_are_refused(tmp_path: Path, make_picture: MakePicture) -> None:
    make_picture(tmp_path / "images/a.jpg")
    with pytest.raises(DataError, match=r"none of 1 pictures has a YOLO label file; expected labels/NAME\.txt beside images/"):
        read_yolo(write_yolo(tmp_path, {}))


span = st.integers(0, 38 * 8).flatmap(lambda a: st.tuples(st.just(a), st.integers(a + 8, 40 * 8)))
rows_of_boxes = st.lists(st.tuples(span, span, st.sampled_from(["car", "wheel", "Tür"])), max_size=8)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows_of_boxes)
def test_what_is_written_as_yolo_is_read_back(
    make_picture: MakePicture, tmp_path: Path, drawn: list[tuple[tuple[int, int], tuple[int, int], str]]
) -> None:
    if not (tmp_path / "images/a.png").exists():
        make_picture(tmp_path / "images/a.png", (40, 40))
    boxes = [(name, x1 / 8, y1 / 8, x2 / 8, y2 / 8) for (x1, x2), (y1, y2), name in drawn]
    names = ("wheel", "Tür", "car")
    write_yolo(tmp_path, {"a": "\n".join(row(box, names, (40, 40)) for box in boxes)}, names=names)
    items, report = load(tmp_path)
    assert np.allclose(items.xyxy[1:], np.array([box[1:] for box in boxes]).reshape(-1, 4), atol=1e-4)
    assert [items.name(k) for k in range(1, len(items))] == [box[0] for box in boxes]
    assert (report.boxes, report.clipped, report.dropped) == (len(boxes), 0, {})
