"""OpenImages V4 to V7: official CSV files with their flags, and files that only look like them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hypviz.data.formats.detect import detect_format, open_dataset
from hypviz.data.formats.openimages import read_openimages
from hypviz.data.formats.openimages_csv import read_class_hierarchy
from hypviz.data.importer import ImportReport, import_items
from hypviz.data.items import Items
from hypviz.errors import DataError

MakePicture = Callable[..., Path]
HEADER = "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsOccluded,IsTruncated,IsGroupOf,IsDepiction,IsInside"


def load(path: Path, **options: object) -> tuple[Items, ImportReport]:
    return import_items(read_openimages(path, **options))  # type: ignore[arg-type]


def dropped(report: ImportReport) -> dict[str, int]:
    return {reason: entry["count"] for reason, entry in report.dropped.items()}


def write_boxes(
    folder: Path, rows: Sequence[str], *, name: str = "train-annotations-bbox.csv", names: str = "/m/0,car\n/m/1,wheel\n"
) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    (folder / "class-descriptions-boxable.csv").write_text(names, encoding="utf-8")
    return folder


def test_v6_gives_its_boxes_its_scenes_and_its_names(shared_data: Path) -> None:
    items, report = import_items(open_dataset(shared_data / "formats/tiny/open_images_dataset/v6"))
    assert sorted(items.images.file_name.tolist()) == [
        "images/test/c.jpg",
        "images/train/a.jpg",
        "images/train/b.jpg",
        "images/validation/d.png",
    ]
    assert (report.boxes_read, report.boxes, dropped(report)) == (2, 1, {"group of objects": 1})
    row = int(np.flatnonzero(~items.is_scene)[0])
    width, height = items.images.width[items.image[row]], items.images.height[items.image[row]]
    assert (items.path(row).name, items.name(row)) == ("b.jpg", "Generic label #0")
    assert items.xyxy[row] == pytest.approx([0.2 * width, 0.3 * height, width, 0.5 * height], abs=1e-4)


def test_a_group_is_read_when_asked_for(shared_data: Path) -> None:
    items, report = load(shared_data / "formats/tiny/open_images_dataset/v6", leave_out=())
    assert (report.boxes, items.classes, report.dropped) == (2, ("Generic label #0", "Generic label #3"), {})


def test_v5_with_image_labels_only_gives_scenes(shared_data: Path) -> None:
    folder = shared_data / "formats/tiny/open_images_dataset/v5"
    assert detect_format(folder) == "openimages"
    items, report = import_items(open_dataset(folder))
    assert (sorted(items.images.file_name.tolist()), report.boxes) == (["images/test/cc.jpg", "images/train/aa.jpg"], 0)


def test_the_wrong_dialect_is_refused_with_what_is_wrong(shared_data: Path) -> None:
    folder = shared_data / "formats/multi100/openimages_wrong_dialect"
    expected = (
        r"all_bounding_boxes\.csv: not the official OpenImages CSV: in its first row XMin is '0,3580246914' with a decimal comma "
        r"\(expected a point\), LabelName is 'person' \(expected a MID .*\), ImageID is '2007_000027\.jpg' \(expected an id"
    )
    for place in (folder, folder / "all_bounding_boxes.csv"):
        with pytest.raises(DataError, match=expected):
            open_dataset(place, images=shared_data / "formats/multi100/images")


def test_flags_ids_and_unnamed_classes(tmp_path: Path, make_picture: MakePicture) -> None:
    for name in ("train/0a.jpg", "train/0b.JPG", "validation/0c.jpg"):
        make_picture(tmp_path / "images" / name)
    rows = [
        "0b,xclick,/m/1,1,0.25,0.75,0.1,0.9,0,0,0,1,0",  # a depiction stays
        "0a,activemil,/m/0,1,0,1,0,1,-1,-1,-1,-1,-1",
        "0b,xclick,/m/9,1,0.25,0.5,0.1,0.9,0,0,0,0,1",  # seen from inside; no name for /m/9
        "0b,xclick,/m/0,1,0,0.5,0,0.9,1,1,1,0,0",  # a group
        "0a,xclick,/m/0,1,0.5,0.4,0,1,0,0,0,0,0",  # XMax below XMin
        "gone,xclick,/m/0,1,0,1,0,1,0,0,0,0,0",
        "0a,xclick,/m/0,1,0,1",
    ]
    items, report = load(write_boxes(tmp_path / "annotations", rows).parent)
    assert sorted(items.images.file_name.tolist()) == ["images/train/0a.jpg", "images/train/0b.JPG", "images/validation/0c.jpg"]
    assert items.classes == ("/m/9", "car", "wheel")
    assert dropped(report) == {"row of another length": 1, "group of objects": 1, "empty box": 1, "missing": 1}
    assert report.boxes_read == report.boxes + sum(entry["boxes"] for entry in report.dropped.values()) == 7
    assert items.xyxy[items.of_image(items.images.file_name.tolist().index("images/train/0b.JPG"))[1]].tolist() == [10, 3, 30, 27]


def test_licences_and_equal_names_are_kept(tmp_path: Path, make_picture: MakePicture) -> None:
    make_picture(tmp_path / "a.jpg")
    write_boxes(tmp_path, ["a,x,/m/0,1,0,1,0,1,0,0,0,0,0", "a,x,/m/1,1,0,1,0,0.5,0,0,0,0,0"], names="/m/0,Ball\n/m/1,Ball\n")
    (tmp_path / "image-ids.csv").write_text("ImageID,Subset,OriginalURL,License\na,train,http://x,https://cc/by\nb,test\n")
    items, _ = load(tmp_path)
    assert (items.images.licence.tolist(), items.classes) == (["https://cc/by"], ("Ball (/m/0)", "Ball (/m/1)"))


def test_a_later_row_of_another_dialect_is_refused_too(tmp_path: Path, make_picture: MakePicture) -> None:
    make_picture(tmp_path / "a.jpg")
    write_boxes(tmp_path, ["a,x,/m/0,1,0,1,0,1,0,0,0,0,0", "a,x,car,1,0,1,0,1,0,0,0,0,0"])
    with pytest.raises(DataError, match="LabelName is 'car' in some rows"):
        load(tmp_path)


@pytest.mark.parametrize("side", ["low", "", "nan?", "1,5".replace(",", ";")])
def test_a_side_that_is_no_number_costs_its_own_box_only(tmp_path: Path, make_picture: MakePicture, side: str) -> None:
    make_picture(tmp_path / "a.jpg")
    good = ["a,x,/m/0,1,0,1,0,1,0,0,0,0,0", "a,x,/m/0,1,0.25,0.5, 0.5 ,1e0,0,0,0,0,0"]
    write_boxes(tmp_path, [good[0], f"a,x,/m/0,1,{side},1,0,1,0,0,0,0,0", "a,x", good[1]])
    items, report = load(tmp_path)
    assert (report.boxes, report.boxes_read) == (2, 4)
    assert {reason: entry["count"] for reason, entry in report.dropped.items()} == {
        "row of another length": 1,
        "box is not four numbers": 1,
    }
    assert items.xyxy[~items.is_scene].tolist() == [[0, 0, 40, 30], [10, 15, 20, 30]]


def test_pictures_that_are_nowhere_say_how_to_get_them(tmp_path: Path) -> None:
    write_boxes(tmp_path, ["a,x,/m/0,1,0,1,0,1,0,0,0,0,0"])
    with pytest.raises(DataError, match=r"names 1 pictures, but none .* data openimages --help"):
        read_openimages(tmp_path)


def test_the_class_hierarchy_is_read_with_its_parts(shared_data: Path, tmp_path: Path) -> None:
    path = shared_data / "formats/tiny/open_images_dataset/v6/annotations/bbox_labels_600_hierarchy.json"
    assert read_class_hierarchy(path) == [("/m/x", "/m/0", "is a"), ("/m/0", "/m/1", "is a")]
    tree = {"LabelName": "/m/car", "Part": [{"LabelName": "/m/wheel"}], "Subcategory": [{"LabelName": "/m/taxi"}]}
    (tmp_path / "h.json").write_text(json.dumps(tree))
    assert read_class_hierarchy(tmp_path / "h.json") == [("/m/car", "/m/taxi", "is a"), ("/m/car", "/m/wheel", "part of")]
    (tmp_path / "h.json").write_text("[]")
    with pytest.raises(DataError, match="not a class hierarchy"):
        read_class_hierarchy(tmp_path / "h.json")


side = st.integers(0, 98).flatmap(lambda a: st.tuples(st.just(a), st.integers(a + 2, 100)))


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(side, side, st.sampled_from(["/m/0", "/m/1"])), max_size=8))
def test_what_is_written_as_openimages_is_read_back(
    make_picture: MakePicture, tmp_path: Path, drawn: list[tuple[tuple[int, int], tuple[int, int], str]]
) -> None:
    if not (tmp_path / "a.png").exists():
        make_picture(tmp_path / "a.png", (200, 100))
    rows = [f"a,x,{mid},1,{x1 / 100},{x2 / 100},{y1 / 100},{y2 / 100},0,0,0,0,0" for (x1, x2), (y1, y2), mid in drawn]
    if not rows:
        return
    items, report = load(write_boxes(tmp_path, rows))
    assert np.allclose(items.xyxy[1:], [[2 * x1, y1, 2 * x2, y2] for (x1, x2), (y1, y2), _ in drawn], atol=1e-4)
    assert [items.name(k) for k in range(1, len(items))] == [{"/m/0": "car", "/m/1": "wheel"}[mid] for *_, mid in drawn]
    assert (report.clipped, report.dropped) == (0, {})
