"""Rows of Hugging Face folders to the last field: their boxes and classes, and how their pictures are written out and called."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import datasets
import pytest
from PIL import Image

from hypviz.data.formats import hf_datasets as hf
from hypviz.data.formats.convention import Reading
from hypviz.data.formats.hf_columns import Columns
from hypviz.data.formats.hf_datasets import read_hf
from hypviz.data.raw import DropCounter, RawBox, RawImage
from hypviz.errors import DataError
from tests.data.layouts import picture
from tests.data.reading import examples, losses

HERE = Path("set")


IMAGE, TEXT, NUMBER = datasets.Image(), datasets.Value("string"), datasets.Value("int64")


BOXES, CLASS = datasets.List(datasets.List(datasets.Value("float32"))), datasets.ClassLabel(names=["car", " bus "])


def columns(
    boxes: str = "bbox", labels: str = "category", objects: str = "objects", names: Any = ("car", "bus"), written: bool = False
) -> Columns:
    return Columns("image", objects, boxes, labels, None if names is None else list(names), written)


FOUR, OTHER = [1, 2, 3, 4], [5, 6, 7, 8]


@pytest.mark.parametrize(
    ("row", "where", "expected"),
    [
        ({"objects": {"bbox": [FOUR, OTHER], "category": [0, 1]}}, columns(), ([FOUR, OTHER], [0, 1])),
        ({"objects": {"bbox": [FOUR, OTHER], "category": [0]}}, columns(), ([FOUR, OTHER], [0, None])),
        ({"objects": {"bbox": [FOUR], "category": [0, 1, 1]}}, columns(), ([FOUR], [0])),
        ({"objects": [{"bbox": FOUR, "category": 0}, {"bbox": OTHER}]}, columns(), ([FOUR, OTHER], [0, None])),
        ({"objects": [{"bbox": FOUR}]}, columns(labels=""), ([FOUR], [None])),
        ({"objects": {"bbox": FOUR, "category": 1}}, columns(), ([FOUR], [1])),
        ({"objects": {"bbox": (FOUR, OTHER), "category": None}}, columns(), ([FOUR, OTHER], [None, None])),
        ({"objects": {"bbox": None, "category": [1]}}, columns(), ([], [])),
        ({"objects": None}, columns(), ([], [])),
        ({"bbox": [FOUR, OTHER], "label": 1}, columns("bbox", "label", ""), ([FOUR, OTHER], [1, 1])),
        ({"bbox": [FOUR]}, columns("", "", ""), ([], [])),
    ],
)
def test_boxes_and_classes_of_a_row_stand_side_by_side(row: Any, where: Columns, expected: Any) -> None:
    assert hf._pairs(row, where) == expected


def made(row: Any, where: Columns, reading: Reading | None = None) -> tuple[list[RawBox], DropCounter]:
    dropped = DropCounter()
    return list(hf._boxes(row, where, "train 3", reading or Reading("xywh"), dropped)), dropped


def test_a_row_gives_its_boxes_and_says_which_are_none() -> None:
    long = "x" * 70
    row = {"objects": {"bbox": [FOUR, FOUR, long, OTHER, FOUR], "category": [0, 5, 0, "van", True]}}
    boxes, dropped = made(row, columns())
    assert boxes == [RawBox((1, 2, 4, 6), "car", "train 3: box 1"), RawBox((5, 6, 12, 14), "van", "train 3: box 4")]
    assert examples(dropped) == {
        "no such class": ["train 3: box 2: class 5", "train 3: box 5: class True"],
        "box is not four numbers": [f"train 3: box 3: {long!r:.60}"],
    }
    assert losses(dropped) == {"no such class": (2, 0, 2, 0), "box is not four numbers": (1, 0, 1, 0)} and dropped.notes == []
    assert made({"objects": {"bbox": [FOUR], "category": ["y" * 60]}}, columns())[0][0].label == "y" * 60
    boxes, dropped = made({"objects": {"bbox": [FOUR], "category": [7]}}, columns(names=None), Reading("xyxy", "per cent"))
    assert boxes == [RawBox((0.01, 0.02, 0.03, 0.04), "class 7", "train 3: box 1")]
    assert dropped.notes == ["the data set has no class names: its classes are numbered"]
    for value, where in (("van", columns(names=None)), (None, columns(labels="", names=None))):
        boxes, dropped = made({"objects": {"bbox": [FOUR], "category": [value]}}, where)
        assert [box.label for box in boxes] == ["van" if value else "object"] and dropped.notes == []
    known = {"id": ["a"], "parents": [["b"]], "source": ["drawn"], "bbox": [FOUR], "category": ["van"]}
    assert made({"objects": known}, columns(names=None, written=True))[0] == [
        RawBox((1, 2, 4, 6), "van", "train 3: box 1", "drawn", "a", ("b",))
    ]
    assert made({"objects": known}, columns(names=None))[0] == [RawBox((1, 2, 4, 6), "van", "train 3: box 1")]


def test_a_row_without_boxes_has_the_class_of_its_picture() -> None:
    whole = columns("", "label", "")
    assert made({"label": 1}, whole)[0] == [RawBox((0.0, 0.0, 1.0, 1.0), "bus", "train 3")]
    assert made({"label": None}, whole) == ([], DropCounter()) and made({}, columns("", "", "")) == ([], DropCounter())
    long = "9" * 50
    for value, shown in ((2, "2"), (-1, "-1"), (1.5, "1.5"), (int(long), long[:40])):
        boxes, dropped = made({"label": value}, whole)
        assert boxes == [] and examples(dropped) == {"no such class": [f"train 3: class {shown}"]}
    assert [made({"label": value}, columns("", "label", "", None))[0][0].label for value in (2, " cat ")] == ["class 2", "cat"]


def test_a_picture_lies_in_its_row_or_in_a_file_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set/a.png").write_bytes(b"inside")
    (tmp_path / "b.png").write_bytes(b"outside")
    cells: list[Any] = [
        {"bytes": b"x", "path": "a.png"},
        {"bytes": None, "path": "a.png"},
        {"path": "../b.png"},
        {"path": str(tmp_path / "b.png")},
        {"path": "none.png"},
        {"path": "a\0"},
        {"bytes": b"", "path": None},
        None,
        {},
    ]
    assert [hf._bytes(cell, tmp_path / "set") for cell in cells] == [b"x", b"inside", *[None] * 7]
    starts = {
        b"\x89PNG": ".png",
        b"GIF8": ".gif",
        b"BM": ".bmp",
        b"II*\0": ".tif",
        b"MM\0*": ".tif",
        b"RIFF": ".webp",
        b"\xff\xd8": ".jpg",
        b"": ".jpg",
    }
    assert {start: hf._ending(start + b"more") for start in starts} == starts
    assert hf._size(picture((64, 48), 0)) == (64, 48) and hf._size(b"x") is hf._size(None) is hf._size(b"") is None


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("data/train-00000-of-00002.parquet", "train"),
        ("default/test/0000.parquet", "test"),
        ("default/valid/0000.parquet", "val"),
        ("x/0000.parquet", "train"),
        ("x/val.v2.parquet", "val"),
        ("my set!.parquet", "my_set_"),
        ("a_b-0.parquet", "a_b"),
        ("-0.parquet", "train"),
    ],
)
def test_a_split_is_called_by_its_file_or_folder(name: str, split: str) -> None:
    assert hf._split_of(name) == split


def test_rows_end_with_a_sentence_where_a_file_is_damaged() -> None:
    class Damaged:
        def __init__(self, *rows: Any) -> None:
            self.rows, self.features = rows, {"a": 1, "b": 2}

        def __iter__(self) -> Any:
            for row in self.rows:
                if isinstance(row, Exception):
                    raise row
                yield row

    whole = {"a": 1, "b": 2}
    assert list(hf._rows(Damaged(whole, {**whole, "c": 3}), HERE)) == [whole, {**whole, "c": 3}]
    with pytest.raises(DataError, match=r"^set: damaged after row 1 \(a long line\); fetch or write"):
        list(hf._rows(Damaged(whole, ValueError("a  long\n line")), HERE))
    with pytest.raises(DataError) as caught:
        list(hf._rows(Damaged(OSError("x" * 200)), HERE))
    assert f"after row 0 ({'x' * 120});" in str(caught.value)
    with pytest.raises(DataError, match=r"^set: row 1 lacks the column a, b that its description has"):
        list(hf._rows(Damaged(whole, {"c": 1}), HERE))
    assert list(hf._rows(SimpleRows([{}]), HERE)) == [{}]


class SimpleRows(list[Any]):
    """Rows without a description."""

    features = None


def test_a_binary_column_of_pictures_is_one_whatever_marks_it() -> None:
    class Data(SimpleNamespace):
        def cast_column(self, name: str, feature: Any) -> tuple[str, bool]:
            return name, feature.decode

    binary, large = datasets.Value("binary"), datasets.Value("large_binary")
    for features, expected in (
        ({"u": TEXT, "a": {"bytes": binary, "path": TEXT}}, ("a", False)),
        ({"a": {"bytes": binary}}, ("a", False)),
        *(({name: kind}, (name, False)) for name in ("image", "img", "picture") for kind in (binary, large)),
        ({"a": {"bytes": binary, "more": TEXT}}, None),
        ({"a": {"path": TEXT}}, None),
        ({"photo": binary}, None),
        ({"image": TEXT}, None),
        ({"image": IMAGE, "img": binary}, None),
        (None, None),
    ):
        data = Data(features=features)
        assert hf._pictured(data) == (data if expected is None else expected), features


def saved(root: Path, rows: list[Any], features: Any, split: str = "") -> Path:
    datasets.disable_progress_bars()
    data = datasets.Dataset.from_list(rows, features=datasets.Features(features))
    (datasets.DatasetDict({split: data}) if split else data).save_to_disk(str(root))
    return root


def bytes_of(seed: int, kind: str = "PNG") -> dict[str, Any]:
    stream = io.BytesIO()
    Image.open(io.BytesIO(picture((64, 48), seed))).save(stream, kind)
    return {"bytes": stream.getvalue(), "path": None}


def test_a_saved_folder_is_walked_to_pictures_on_disk(tmp_path: Path) -> None:
    objects = {"bbox": BOXES, "category": datasets.List(CLASS)}
    rows = [
        {"image": bytes_of(0), "objects": {"bbox": [[1, 2, 3, 4]], "category": [1]}},
        {"image": None, "objects": {"bbox": [[1, 2, 3, 4]] * 2, "category": [0, 0]}},
        {"image": bytes_of(1, "JPEG"), "objects": {"bbox": [], "category": []}},
    ]
    for split, prefix in (("", "row"), ("test", "test")):
        source = saved(tmp_path / f"set {prefix}", rows, {"image": IMAGE, "objects": objects}, split)
        raw = read_hf(str(source), str(tmp_path / "out"))
        assert (raw.root, raw.count, raw.name, raw.files) == (tmp_path / "out", 3, f"set {prefix}", 0)
        folder = f"{split}/" if split else ""
        assert list(raw.images) == [
            RawImage(f"{folder}00000000.png", (RawBox((1, 2, 4, 6), "bus", f"{prefix} 0: box 1"),), record=f"{prefix} 0"),
            RawImage(f"{folder}00000002.jpg", (), record=f"{prefix} 2"),
        ]
        assert (tmp_path / "out" / f"{folder}00000000.png").read_bytes() == rows[0]["image"]["bytes"]
        assert losses(raw.dropped) == {"no picture in the row": (1, 1, 2, 0)} and examples(raw.dropped) == {
            "no picture in the row": [f"{prefix} 1"]
        }
    assert next(iter(read_hf(source, tmp_path / "out", box_format="xyxy").images)).boxes[0].xyxy == (1, 2, 3, 4)
    with pytest.raises(DataError, match="The box format must be one of"):
        read_hf(source, tmp_path, box_format="yx")


def test_whole_pictures_have_fractions_and_folders_of_this_project_names_and_licences(tmp_path: Path) -> None:
    source = saved(tmp_path / "whole", [{"image": bytes_of(0), "label": 1}], {"image": IMAGE, "label": CLASS})
    box = RawBox((0.0, 0.0, 1.0, 1.0), "bus", "row 0")
    assert list(read_hf(source, tmp_path / "out").images) == [RawImage("00000000.png", (box,), record="row 0", normalised=True)]
    texts = datasets.List(TEXT)
    fields = {"bbox": BOXES, "category": texts, "id": texts, "parent": texts, "parents": datasets.List(texts), "source": texts}
    # corners, were anybody to ask: this project writes sizes
    known = {
        "bbox": [[30, 20, 60, 45]] * 9,
        "category": ["car"] * 9,
        "id": list("abcdefghi"),
        "parent": [""] * 9,
        "parents": [[]] * 9,
        "source": ["drawn"] * 9,
    }
    features = {"image": IMAGE, "objects": fields, "file_name": TEXT, "licence": TEXT}
    rows = [
        {"image": bytes_of(n), "objects": known, "file_name": name, "licence": "CC"}
        for n, name in enumerate(("s/a.png", "../b.png", "s/a.png"))
    ]
    images = list(read_hf(saved(tmp_path / "ours", rows, features), tmp_path / "out").images)
    assert [image.file_name for image in images] == ["s/a.png", "00000001.png", "00000002.png"] and {image.licence for image in images} == {
        "CC"
    }
    assert images[0].boxes[0] == RawBox((30, 20, 90, 65), "car", "row 0: box 1", "drawn", "a", ()) and not images[0].normalised


def test_a_hundred_pictures_with_boxes_among_two_thousand_say_what_their_numbers_mean(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corners, none = {"image": bytes_of(0), "bbox": [[30, 20, 60, 45]] * 4}, {"image": bytes_of(0), "bbox": []}
    features = {"image": IMAGE, "bbox": BOXES}
    monkeypatch.setattr(hf, "LOOKED_AT", 2)
    note = "set: boxes were read as corners [x1, y1, x2, y2]: 100 % of 8 boxes leave their pictures as [x, y, width, height]"
    for before, fits in ((38, True), (39, False)):
        rows = [*[none] * before, corners, corners, {**none, "bbox": [[1, 2, 3, 4]] * 50}]
        source = saved(tmp_path / str(before) / "set", rows, features)
        if fits:
            assert read_hf(source, tmp_path / "out").dropped.notes == [note]
        else:
            with pytest.raises(DataError, match="of 4 boxes leave"):
                read_hf(source, tmp_path / "out")


def test_a_picture_that_is_there_is_not_written_again(tmp_path: Path) -> None:
    path = tmp_path / "a/b.png"
    for data in (b"one", b"two", b"three", b"three"):
        before = path.stat().st_mtime_ns if path.exists() else None
        hf._write_once(path, data)
        assert path.read_bytes() == data
    assert before == path.stat().st_mtime_ns
