"""A folder or file is opened: where its pictures are looked for, which reader gets what, and what is counted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hypviz.data.formats.detect import READERS, detect_format, open_dataset
from hypviz.data.formats.places import data_name, source_in, source_of
from hypviz.data.formats.tree import read_tree
from hypviz.data.raw import DropCounter
from hypviz.errors import DataError
from tests.data.layouts import picture
from tests.data.reading import examples, losses, write

PNG = picture((64, 48), 0)


IMAGE, CAR = {"id": 1, "file_name": "a.png"}, {"image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4]}


COCO = {"images": [IMAGE], "annotations": [CAR], "categories": [{"id": 1, "name": "car"}]}


TABLE = "filename,xmin,ymin,xmax,ymax,class\na.png,1,2,30,40,car\n"


VOC = (
    "<annotation><filename>b.png</filename><object><name>car</name>"
    "<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>3</xmax><ymax>4</ymax></bndbox></object></annotation>"
)


def test_pictures_lie_where_a_person_says_or_below_or_beside(tmp_path: Path) -> None:
    write(
        tmp_path,
        {"set/annotations/a.json": "x", "set/annotations/b.json": "x", "set/images/a.png": b"", "else/b.png": b"", "else/c.dat": "x"},
    )
    paths = [tmp_path / "set/annotations" / name for name in ("a.json", "b.json")]
    place, files = source_of(paths, None)
    assert (place.root, place.picture_root, files) == (tmp_path / "set", tmp_path / "set", ["annotations/a.json", "annotations/b.json"])
    assert place.pictures.pictures == {"images/a.png"} and place.box_format == "auto"
    dropped = DropCounter()
    place, files = source_of(paths[:1], tmp_path / "else", dropped=dropped, box_format="xyxy")
    assert (place.root, place.picture_root, files, place.box_format) == (
        tmp_path / "set/annotations",
        tmp_path / "else",
        ["a.json"],
        "xyxy",
    )
    assert place.pictures.pictures == {"b.png"} and place.pictures.find(["c.dat"]).picture == "c.dat" and place.dropped is dropped
    assert place.tree.others == ["a.json", "b.json"] and source_of(paths, tmp_path / "else/b.png")[0].picture_root == tmp_path / "else"
    with pytest.raises(DataError, match=r"there is no folder .*nowhere; name the folder"):
        source_of(paths, tmp_path / "nowhere")


@pytest.mark.parametrize("folder", ["images", "JPEGImages", "image", "imgs", "img"])
def test_pictures_in_a_folder_beside_the_data_are_taken_and_noted(folder: str, tmp_path: Path) -> None:
    write(tmp_path, {f"{folder}/a.png": b"", f"{folder}/b.dat": "x", "data/x.json": "x"})
    dropped = DropCounter()
    place = source_in(tmp_path / "data", read_tree(tmp_path / "data"), None, dropped, "xywh")
    assert (
        place.picture_root == tmp_path / folder
        and place.pictures.pictures == {"a.png"}
        and place.pictures.find(["b.dat"]).picture == "b.dat"
    )
    assert dropped.notes == [f"the pictures were taken from the folder {folder} beside the data set"] and place.box_format == "xywh"
    write(tmp_path, {"data/own.png": b"", "data/c.dat": "x"})
    place = source_in(tmp_path / "data", read_tree(tmp_path / "data"), None, dropped, "xywh")
    assert place.picture_root == tmp_path / "data" and place.pictures.pictures == {"own.png"} and place.box_format == "xywh"
    assert place.pictures.find(["c.dat"]).picture == "c.dat" and place.dropped is dropped


def test_three_levels_above_a_folder_of_annotations_are_looked_through(tmp_path: Path) -> None:
    for depth, found in ((3, True), (4, False)):
        root = tmp_path / str(depth)
        write(root, {"Labels/a.json": "x", "/".join(["d"] * depth) + "/a.png": b""})
        assert (source_of([root / "Labels/a.json"], None)[0].root == root) is found
    write(tmp_path / "o", {"other/a.json": "x", "a.png": b""})
    assert source_of([tmp_path / "o/other/a.json"], None)[0].root == tmp_path / "o/other"
    assert data_name(tmp_path / "o/other") == "other" and data_name(tmp_path / "o/ANN") == "o"


def opened(place: Path, *more: Any, **options: Any) -> tuple[list[str], Any]:
    raw = open_dataset(place, *more, **options)
    return [image.file_name for image in raw.images], raw


def test_formats_of_a_folder_are_joined_each_with_its_pictures(tmp_path: Path) -> None:
    root = tmp_path / "set"
    write(root, {"a.png": PNG, "b.png": PNG, "c.png": PNG, "c.json": COCO, "b.xml": VOC, "x.json": {"bbox": 1}, "taxonomy.txt": "car\n"})
    assert detect_format(root) == "coco + voc"
    names, raw = opened(str(root))
    assert names == ["a.png", "b.png"] and (raw.name, raw.files, raw.count, raw.class_tree) == ("set", 2, 2, root / "taxonomy.txt")
    assert losses(raw.dropped) == {"picture without annotation": (1, 0, 0, 0), "annotation file not read": (1, 0, 0, 1)}
    assert opened(root, "voc")[0] == ["b.png"] and opened(root, "folder")[0] == ["a.png", "b.png", "c.png"]
    write(root, {"c.json": {**COCO, "images": [{**IMAGE, "file_name": "b.png"}]}})
    with pytest.raises(DataError, match=r"several formats, coco \(c\.json\) and voc \(b\.xml\) for the same pictures \(such as b\.png\)"):
        open_dataset(root)
    write(root, {"c.json": "[]", "b.xml": VOC})
    with pytest.raises(DataError, match=r"x\.json: not a COCO file"):
        open_dataset(root, "coco", annotations=root / "x.json")
    with pytest.raises(DataError, match=r"none: there is no such file or folder"):
        open_dataset(tmp_path / "none")
    with pytest.raises(DataError, match=r"none\.json: there is no such annotation file"):
        open_dataset(root, annotations=root / "none.json")
    with pytest.raises(DataError, match=r"format must be one of auto, coco, .*; got 'x'"):
        open_dataset(root, "x")
    with pytest.raises(DataError, match="The box format must be one of"):
        open_dataset(root, boxes="x")


def test_a_format_that_cannot_be_read_is_counted_beside_one_that_can(tmp_path: Path) -> None:
    write(tmp_path, {"a.png": PNG, "c.json": COCO, "s/data.yaml": "names: {a: b}\n"})
    names, raw = opened(tmp_path)
    assert names == ["a.png"] and raw.files == 1
    assert losses(raw.dropped) == {"annotation file not read": (1, 0, 0, 1)}
    assert examples(raw.dropped)["annotation file not read"] == ["s/data.yaml: the keys of names must be whole numbers, got ['a']."]
    (tmp_path / "c.json").unlink()
    with pytest.raises(DataError, match="the keys of names must be whole numbers"):
        open_dataset(tmp_path)


def test_a_background_picture_of_yolo_may_be_annotated_elsewhere(tmp_path: Path) -> None:
    write(tmp_path, {"a.png": PNG, "b.png": PNG, "b.txt": "0 0.5 0.5 0.1 0.1\n", "t.csv": TABLE})
    names, _ = opened(tmp_path)
    assert sorted(names) == ["a.png", "b.png"] and [len(image.boxes) for image in open_dataset(tmp_path).images] == [1, 1]
    write(tmp_path, {"t.csv": TABLE.replace("a.png", "b.png")})
    with pytest.raises(DataError, match=r"yolo \(b\.txt\) and csv \(t\.csv\) for the same pictures \(such as b\.png\)"):
        open_dataset(tmp_path)


@pytest.mark.parametrize(
    ("format", "name", "content"),
    [
        ("coco", "x.json", COCO),
        ("voc", "x.XML", VOC.replace("b.png", "a.png")),
        ("cvat", "x.xml", '<annotations><image name="a.png"/></annotations>'),
        ("csv", "x.csv", TABLE),
        ("csv", "x.tsv", TABLE.replace(",", "\t")),
        ("kitti", "a.txt", ""),
        ("yolo", "a.txt", ""),
        ("metadata", "x.jsonl", json.dumps({"file_name": "a.png"})),
        ("metadata", "x.jsonl", '{"u": 1}\n{"file_name": "a.png"}'),
        ("metadata", "x.json", [{"file_name": "a.png"}]),
        ("createml", "x.json", [{"image": "a.png"}]),
    ],
)
def test_a_format_that_a_person_chose_reads_the_files_of_its_ending(format: str, name: str, content: Any, tmp_path: Path) -> None:
    write(tmp_path, {"a.png": PNG, name: content, "other.md": "x"})
    names, raw = opened(tmp_path, format)
    assert names == ["a.png"] and raw.files == 1
    (tmp_path / name).unlink()
    if format not in ("yolo",):
        shown = {"coco": "COCO", "voc": "VOC", "cvat": "CVAT", "csv": "CSV", "kitti": "KITTI", "createml": "CreateML"}.get(format, format)
        with pytest.raises(DataError, match=rf": no {shown} annotation file here; name it by --annotations"):
            open_dataset(tmp_path, format)


@pytest.mark.parametrize(
    ("name", "content", "format", "message"),
    [
        ("x.json", COCO, "coco", ""),
        ("x.txt", TABLE * 2, "csv", ""),
        ("x.yaml", "a: b", "yolo", r"none of 1 pictures has a YOLO label file"),
        ("x.YML", "a: b", "yolo", r"none of 1 pictures has a YOLO label file"),
        ("x.data", "a", "yolo", r"there is no file  with the class names"),
        ("x.csv", "a,b", "csv", r"expected columns for the picture"),
        ("x.tsv", "a\tb", "csv", r"expected columns for the picture"),
        ("x.xml", "<a/>", "voc", r"none of the 1 \.xml files is a VOC annotation"),
        ("x.json", [], "coco", r"not a COCO file"),
        ("x.jsonl", "", "metadata", ""),
        ("x.bin", "x", "", r"x\.bin: not an annotation file that can be read here"),
    ],
)
def test_a_single_file_is_read_as_what_it_is_or_its_ending_says(name: str, content: Any, format: str, message: str, tmp_path: Path) -> None:
    write(tmp_path, {"a.png": PNG, name: content})
    if not format:
        with pytest.raises(DataError, match=message):
            detect_format(tmp_path / name)
        return
    assert detect_format(tmp_path / name) == format
    if message:
        with pytest.raises(DataError, match=message):
            open_dataset(tmp_path / name)
    else:
        raw = open_dataset(tmp_path / name)
        assert raw.files == 1 and raw.name == tmp_path.name and raw.class_tree is None


def test_pictures_may_be_given_with_the_file_elsewhere(tmp_path: Path) -> None:
    write(tmp_path, {"pictures/a.png": PNG, "notes/c.json": COCO, "other/a.png": PNG, "bare/x.txt": "x"})
    assert opened(tmp_path / "pictures", annotations=str(tmp_path / "notes/c.json"))[1].root == tmp_path / "pictures"
    assert opened(tmp_path / "pictures", annotations=tmp_path / "notes")[1].root == tmp_path / "pictures"
    raw = opened(tmp_path / "pictures", annotations=tmp_path / "notes/c.json", images=str(tmp_path / "other"))[1]
    assert raw.root == tmp_path / "other"
    assert opened(tmp_path, "coco", annotations=tmp_path / "notes/c.json", images=tmp_path / "other")[1].root == tmp_path / "other"
    assert opened(tmp_path / "bare", "folder", images=tmp_path / "other")[1].root == tmp_path / "other"
    assert next(iter(open_dataset(tmp_path / "notes/c.json", images=tmp_path / "other", boxes="xyxy").images)).boxes[0].xyxy == (1, 2, 3, 4)
    with pytest.raises(DataError, match=r"c\.json: a hf data set is a folder; give the folder"):
        open_dataset(tmp_path / "notes/c.json", "hf")


def test_a_configuration_of_yolo_brings_the_labels_beside_it(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "images/a.png": PNG,
            "labels/a.txt": "0 0.5 0.5 0.1 0.1\n",
            "data.yaml": "names: [car]\n",
            "o.yaml": "names: [bus]\n",
            "obj.data": "names = n.names\n",
            "n.names": "cow\n",
        },
    )
    for name, label in (("data.yaml", "car"), ("o.yaml", "bus"), ("obj.data", "cow")):
        raw = open_dataset(tmp_path / name)
        assert [box.label for image in raw.images for box in image.boxes] == [label] and raw.dropped.reasons == {}
    assert set(READERS) >= {"coco", "voc", "yolo"}


def test_words_on_pictures_are_noted_and_unknown_annotations_refused(tmp_path: Path) -> None:
    write(tmp_path, {"cat01.png": PNG, "w.txt": "cat01.png sleeps"})
    assert open_dataset(tmp_path).dropped.notes == ["w.txt was not read (names pictures: 'cat01.png sleeps')"]
    write(tmp_path, {"w.txt": "cat01.png 1 2 3 4"})
    for act in (open_dataset, detect_format):
        with pytest.raises(DataError, match=r"holds annotations that cannot be read here: w\.txt"):
            act(tmp_path)  # type: ignore[operator]
    with pytest.raises(DataError, match=r"its pictures lie inside its files; import it into a workspace"):
        write(tmp_path / "hf", {"state.json": {"_data_files": []}, "d.arrow": b"x"})
        open_dataset(tmp_path / "hf")
    write(tmp_path / "mix", {"c.json": COCO, "a.png": PNG, "boxes.csv": "ImageID,LabelName,XMin,XMax,YMin,YMax\na,/m/1,0,1,0,1\n"})
    with pytest.raises(DataError, match=r"several formats, coco \(c\.json\) and openimages \(boxes\.csv\); keep one"):
        open_dataset(tmp_path / "mix")
    (tmp_path / "mix/c.json").unlink()
    write(tmp_path / "mix", {"labels.csv": "image,label\na.png,x\n", "names.csv": "/m/1,Cat\n"})
    names, raw = opened(tmp_path / "mix")
    assert names == ["a.png"] and raw.files == 2 and detect_format(tmp_path / "mix") == "openimages"
    write(tmp_path, {"elsewhere/a.png": PNG})
    assert opened(tmp_path / "mix", images=tmp_path / "elsewhere")[1].root == tmp_path / "elsewhere"
