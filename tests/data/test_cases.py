"""Small sets that once came in wrong, read in place from ../shared/cases: each does what its row in the README there says."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from hypviz.cli import app
from hypviz.data.formats.detect import open_dataset
from hypviz.data.importer import ImportReport, import_items
from hypviz.data.items import Items
from hypviz.errors import DataError
from hypviz.finetune.upload import staging, take_in
from hypviz.workspace.store import Workspace


@pytest.fixture(scope="session")
def cases() -> Path:
    """The folder of the cases; absent, the tests that need it fail."""
    folder = Path(__file__).resolve().parents[3] / "shared" / "cases"
    if not (folder / "README.md").is_file():
        pytest.fail(f"The shared cases are not at {folder}; these tests cannot say anything without them.")
    return folder


SIX = ("car", "cup", "handbag", "person", "umbrella", "wheel")
NUMBERED = tuple(f"class {number}" for number in range(6))
FULL = {
    **dict.fromkeys(("coco_clone_with_readme", "coco_split_folders", "coco_flat_polygon", "coco_panoptic", "coco_absolute_names"), SIX),
    **dict.fromkeys(("coco_string_category", "coco_corners", "cvat_images_xml", "hf_unknown_column", "labelme_json", "kitti"), SIX),
    **dict.fromkeys(("labelstudio_json", "kaggle_csv", "roboflow_voc", "voc_lower_annotations", "yolo_val_not_found"), SIX),
    **dict.fromkeys(("hf_imagefolder_jsonl", "yolo_split_no_yaml"), NUMBERED),
}
"""Sets that hold the pictures and the sixteen boxes of truth.json, with their classes."""
SMALL = {
    "coco_capital_folders": (4, 8, ("cat", "tail")),
    "voc_camera_subfolders": (4, 4, ("cat",)),
    "coco_file_per_split": (6, 12, ("cat", "tail")),
    "hf_metadata_jsonl": (4, 8, ("cat", "tail")),
    "labelme_beside": (4, 4, ("cat",)),
    "yolo_beside_no_names": (3, 3, ("class 0",)),
    "coco_utf16": (3, 6, ("cat", "tail")),
    "coco_instances_and_other": (4, 8, ("cat", "tail")),
    "yolo_leftover_label": (4, 3, ("dog",)),
    "yolo_yaml_windows_path": (4, 8, ("car", "wheel")),
    "yolo_classes_cp1252": (3, 6, ("Bär", "Löwe")),
    "yolo_classes_utf16": (3, 6, ("Katze", "Schwanz")),
    "coco_null_in_bbox": (4, 7, ("cat", "tail")),
    "coco_test_without_annotations": (4, 6, ("cat", "tail")),
    "coco_labels_json_data": (4, 8, ("cat", "tail")),
    "coco_dotdot_backslash": (4, 8, ("cat", "tail")),
    "yolo_capital_folders": (4, 4, ("cat",)),
    "one_picture_no_box": (1, 0, ()),
}
"""Images, boxes and classes that must be kept."""
NOTES = {
    "coco_corners": "corners [x1, y1, x2, y2]",
    "hf_imagefolder_jsonl": "classes are numbered",
    "yolo_split_no_yaml": "classes are numbered",
    "yolo_classes_cp1252": "Windows-1252",
    "yolo_yaml_windows_path": "line 1",
    "coco_test_without_annotations": "test.json has no annotations",
}
"""What must be said in a note."""
COUNTED = {
    "yolo_val_not_found": ("split not found", "data.yaml: val: images/validation"),
    "yolo_leftover_label": ("missing", "labels/dogs/7.jpg"),
    "coco_null_in_bbox": ("box is not four numbers", "annotation 4"),
}
"""What must be counted, and with which example."""


def load(folder: Path, tmp_path: Path) -> tuple[Items, ImportReport]:
    return import_items(open_dataset(folder, extract_to=tmp_path / "pictures"))


@pytest.mark.parametrize("name", [*FULL, *SMALL])
def test_a_set_gives_what_its_row_says(cases: Path, tmp_path: Path, name: str) -> None:
    items, report = load(cases / name, tmp_path)
    assert (report.images, report.boxes, items.classes) == ((5, 16, FULL[name]) if name in FULL else SMALL[name])
    assert report.clipped == 0
    assert NOTES.get(name, "") in "; ".join(report.notes)
    if name in COUNTED:
        reason, example = COUNTED[name]
        assert example in report.dropped[reason]["examples"][0]
    elif name != "yolo_yaml_windows_path":  # its two splits are one folder
        assert report.dropped == {}


@pytest.mark.parametrize("name", FULL)
def test_the_sixteen_boxes_are_where_they_are(cases: Path, tmp_path: Path, name: str) -> None:
    truth = json.loads((cases / "truth.json").read_bytes())
    expected = sorted((box[0], *map(round, box[1:])) for picture in truth.values() for box in picture["boxes"])
    items, _ = load(cases / name, tmp_path)
    names = dict(zip(FULL[name], SIX, strict=True))
    found = []
    for row in np.flatnonzero(~items.is_scene):
        x1, y1, x2, y2 = items.xyxy[row].tolist()
        assert np.allclose([x1, y1, x2, y2], np.round([x1, y1, x2, y2]), atol=0.02)
        found.append((names[items.name(row)], *map(round, (x1, y1, x2 - x1, y2 - y1))))
    assert sorted(found) == expected


@pytest.mark.parametrize("name", [*FULL, *SMALL])
def test_the_command_says_the_same_and_ends_well(cases: Path, tmp_path: Path, name: str) -> None:
    done = CliRunner().invoke(app, ["data", "import", str(cases / name), "--out", str(tmp_path / "ws"), "--json"], catch_exceptions=False)
    assert done.exit_code == 0
    said = json.loads(done.stdout)
    expected = (5, 16) if name in FULL else SMALL[name][:2]
    assert (said["kept_images"], said["kept_boxes"]) == expected
    for key in ("images", "boxes", "files"):
        assert said[key] == said[f"kept_{key}"] + sum(entry.get(key, 0) for entry in said["dropped"].values())


def test_absolute_names_open_with_images_too(cases: Path) -> None:
    place = cases / "coco_absolute_names"
    for source in (place, place / "instances.json"):
        assert import_items(open_dataset(source, images=place / "images"))[1].boxes == 16


def test_links_are_followed_or_named(cases: Path, tmp_path: Path) -> None:
    """Where the copy of the cases could not hold links, they are small files that say where they led; these are not followed."""
    linked = (cases / "link_class_folders/set/cat").is_symlink()
    items, report = load(cases / "link_split_folder/set", tmp_path)
    if linked:
        assert (report.images, report.boxes, items.classes) == (10, 10, ("bird", "cow", "cat", "dog"))
        assert load(cases / "link_class_folders/set", tmp_path)[1].boxes == 6
    else:
        assert (report.images, report.boxes) == (4, 4)
        assert report.dropped["link to a folder not followed"]["examples"] == ["val"]
        with pytest.raises(DataError, match=r"2 links to folders were not followed"):
            load(cases / "link_class_folders/set", tmp_path)


REFUSED = {
    "boxes.csv": "names 5 pictures, but 0 of the 5",
    "bin.csv": "expected columns for the picture, the class and the box",
    "empty.csv": "expected columns for the picture, the class and the box",
    "onlyheader.csv": "there is no box",
    "cut.json": "not a JSON file",
    "e.xml": "names 1 pictures, but 0 of the 1",
    "onlyxml": "names 1 pictures, but 0 of the 1",
    "list.yaml": "expected a mapping with names and train, got list",
    "n.yaml": "names must be a list or a mapping",
    "o.data": r"there is no file x\.names",
    "t5.yaml": "train: 5 was not found",
    "t6.yaml": "train must be a path or a list of paths, got dict",
}


def test_every_broken_file_has_its_row(cases: Path) -> None:
    assert {path.name for path in (cases / "csv_traceback").iterdir()} == set(REFUSED)


@pytest.mark.parametrize("file", REFUSED)
def test_a_broken_file_is_refused_in_one_sentence(cases: Path, tmp_path: Path, file: str) -> None:
    with pytest.raises(DataError, match=REFUSED[file]) as caught:
        load(cases / "csv_traceback" / file, tmp_path)
    assert file in str(caught.value) and "\n" not in str(caught.value)


ZIPS = {
    "mac_coco": (4, 8, ("cat", "tail")),
    "mac_classes": (8, 8, ("Bär", "Löwe")),
    "mac_plain": (4, 0, ()),
    "windows_gbk_coco": (4, 8, ("cat", "tail")),
}


@pytest.mark.parametrize("name", ZIPS)
def test_an_archive_of_another_machine_keeps_its_names(cases: Path, home: Path, name: str) -> None:
    with staging() as stage:
        made = take_in(cases / "zip_names" / f"{name}.zip", stage, name=f"{name}.zip", on_stage=lambda share, what: None, to_draw=True)
    items = Workspace.open(home / made).items
    assert (len(items.images), int((~items.is_scene).sum()), items.classes) == ZIPS[name]
    if name == "mac_plain":
        assert set(items.images.file_name.tolist()) == {"Fotos/Übung.png", "Fotos/façade.png", "Fotos/straße.png", "Fotos/猫.png"}
