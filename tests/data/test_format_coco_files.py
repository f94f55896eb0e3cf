"""Several COCO files of one set: which of them counts, which are refused, and where their pictures lie."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hypviz.data.formats.coco import read_coco, read_coco_files
from hypviz.errors import DataError
from tests.data.layouts import picture
from tests.data.reading import losses, read, write

BBOX = [1, 2, 3, 4]


def file(*names: str, label: str = "car", boxes: bool = True) -> dict[str, Any]:
    images = [{"id": number, "file_name": name} for number, name in enumerate(names)]
    annotations: list[Any] = [{"image_id": number, "category_id": 1, "bbox": BBOX} for number in range(len(names))] if boxes else []
    return {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": label}]}


@pytest.mark.parametrize(
    ("files", "chosen"),
    [
        ({"b.json": file("p.png"), "a.json": file("q.png")}, ["a.json", "b.json"]),
        ({"a.json": file("p.png", label="cat"), "x/instances_a.json": file("p.png")}, ["x/instances_a.json"]),
        ({"a.json": file("p.png", boxes=False), "b.json": file("p.png")}, ["b.json"]),
        ({"a.json": file("o.png", boxes=False), "b.json": file("q.png")}, ["a.json", "b.json"]),
        ({"a.json": file("p.png"), "b.json": file("p.png", label="cat")}, ["a.json", "b.json"]),
        ({"c.json": file("p.png", "q.png", boxes=False), "a.json": file("p.png"), "b.json": file("q.png")}, ["a.json", "b.json"]),
        ({"a.json": file(), "b.json": file()}, ["a.json", "b.json"]),
        ({"x/a.json": file("s/p.png"), "b.json": file("p.png", boxes=False)}, ["x/a.json"]),
    ],
)
def test_of_files_about_the_same_pictures_the_official_or_the_one_with_boxes_counts(files: Any, chosen: list[str], tmp_path: Path) -> None:
    write(tmp_path, files)
    got = read(read_coco_files, tmp_path, files, pictures=["s/p.png", "s/q.png"])
    assert got.files == set(chosen) and [one.file for one in got.entries] == sorted(one.file for one in got.entries)
    left = sorted(set(files) - set(chosen))
    assert got.lost == ({"its pictures are those of another file": (len(left), 0, 0, len(left))} if left else {})
    assert got.said == ({"its pictures are those of another file": left} if left else {})


def test_two_files_that_say_the_same_of_the_same_pictures_are_refused(tmp_path: Path) -> None:
    files = {"a.json": file("o.png", "p.png"), "b.json": file("p.png")}
    words = r"b\.json: p\.png is listed twice, as a\.json image 1 and as b\.json image 0, like every picture of the file; keep one"
    with pytest.raises(DataError, match=words):
        read(read_coco_files, tmp_path, files, pictures=["p.png", "o.png"])
    with pytest.raises(DataError, match=r"as a\.json image 0 and as b\.json image 0"):
        read(read_coco_files, tmp_path, {"a.json": file("s/p.png"), "b.json": file("p.png")}, pictures=["s/p.png"])


def test_losses_of_a_file_that_is_not_chosen_do_not_count(tmp_path: Path) -> None:
    odd = file("p.png")
    odd["annotations"].append(7)
    files = {"x/instances.json": file("p.png"), "a.json": odd}
    assert read(read_coco_files, tmp_path, files).lost == {"its pictures are those of another file": (1, 0, 0, 1)}
    assert read(read_coco_files, tmp_path, {"x/instances.json": odd}).lost == {"unreadable record": (1, 0, 1, 0)}


def test_coco_is_read_from_one_file_or_several_with_pictures_where_they_are(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "set/annotations/a.json": file("p.png"),
            "set/annotations/b.json": file("q.png"),
            "set/images/p.png": picture((64, 48), 0),
            "set/images/q.png": picture((64, 48), 1),
            "else/p.png": picture((64, 48), 0),
        },
    )
    one, two = tmp_path / "set/annotations/a.json", tmp_path / "set/annotations/b.json"
    for files, images, root, count in (
        (one, None, "set/images", 1),
        ([str(one), two], None, "set/images", 2),
        (str(one), str(tmp_path / "else"), "else", 1),
    ):
        raw = read_coco(files, images)  # type: ignore[arg-type]
        assert [(raw.root / image.file_name).parent for image in raw.images] == [tmp_path / root] * count
        assert (raw.name, raw.count, raw.files) == ("set", count, count)
        assert losses(raw.dropped) == ({"picture without annotation": (1, 0, 0, 0)} if images is None and count == 1 else {})
    (tmp_path / "none").mkdir()
    with pytest.raises(DataError, match=rf"^{one} names 1 pictures"):
        read_coco(one, tmp_path / "none")
    with pytest.raises(DataError, match=rf"^{tmp_path / 'set/annotations'} names 2 pictures"):
        read_coco([one, two], tmp_path / "none")
