"""What files of every ending are taken for by their content, and what is said of them: a table of small files."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest

from hypviz.data.formats.sniff import Sign, sniff

NOTHING = Sign("")
ROW = "0 0.5 0.5 0.1 0.1\n"
TABLE = "image,xmin,ymin,xmax,ymax,label\n"
BOX = "a.png,1,2,30,40,car\n"
COLUMNS = "a table with the columns image, xmin, ymin, xmax, ymax, label"
CONFIG = Sign("yolo", "a YAML configuration")


def unknown(words: str) -> Sign:
    return Sign("unknown", words)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.json", '{"bbox": 1}', unknown("JSON with the keys bbox")),
        ("a.GeoJSON", '{"bbox": 1}', unknown("JSON with the keys bbox")),
        ("a.jsonl", '{"bbox": 1}', unknown("rows with bbox")),
        ("a.ndjson", '{"bbox": 1}', unknown("rows with bbox")),
        ("a.odgt", '{"bbox": 1}', unknown("rows with bbox")),
        ("a.xml", "<annotation/>", Sign("voc")),
        ("a.xml", '<?xml version="1.0"?>\n<!-- <a> -->\n<annotation>', Sign("voc")),
        ("a.xml", "<!-- one\n<annotation>\n --><a/>", NOTHING),
        ("a.xml", "<?x\n<annotation>\n?><a/>", NOTHING),
        ("a.xml", "<!DOCTYPE a [\n<!ELEMENT annotation (b)>\n]>\n<b/>", NOTHING),
        ("a.xml", "<annotations><image/></annotations>", Sign("cvat")),
        ("a.xml", "<annotations><track/></annotations>", Sign("cvat")),
        ("a.xml", "<annotations><meta/></annotations>", Sign("cvat")),
        ("a.xml", "<annotations><version>", Sign("cvat")),
        ("a.xml", "<annotations><images/></annotations>", NOTHING),
        ("a.xml", "<a><image/></a>", NOTHING),
        ("a.xml", "<a:b.c-d><BndBox/></a>", unknown("XML of <a:b.c-d>, neither VOC's nor CVAT's")),
        ("a.xml", "<_><box/></_>", unknown("XML of <_>, neither VOC's nor CVAT's")),
        ("a.xml", "<a><bbox/></a>", unknown("XML of <a>, neither VOC's nor CVAT's")),
        ("a.xml", "<a><object/></a>", unknown("XML of <a>, neither VOC's nor CVAT's")),
        ("a.xml", "<a><polygon/></a>", unknown("XML of <a>, neither VOC's nor CVAT's")),
        ("a.xml", "<a><rect/></a>", unknown("XML of <a>, neither VOC's nor CVAT's")),
        ("a.xml", "<a><boxes/></a>", NOTHING),
        ("a.xml", "", Sign("broken xml")),
        ("a.xml", "hello", Sign("broken xml")),
        ("a.txt", '{"bbox": 1}', unknown("JSON with the keys bbox")),
        ("a.txt", ' [{"bbox": 1}]', unknown("a list of objects with bbox")),
        ("a.txt", '{"bbox": 1} \n{"bbox": 2}', unknown("rows with bbox")),
        ("a.txt", '{"bbox": 1,\n"a": 2}', unknown("JSON with the keys bbox")),
        ("a.txt", '{"a": {"bbox": 1}}\n[1]', unknown("JSON with the keys bbox")),  # no lines of objects: told by what it mentions
        ("a.txt", "{ by hand\n", NOTHING),
        ("classes.txt", "{cat}\n{dog}\n", Sign("names")),
        ("a.txt", " <annotation/>", Sign("voc")),
        ("a", '{"bbox": 1}', unknown("JSON with the keys bbox")),
        ("a", ROW, NOTHING),
        ("a.txt", ROW, Sign("yolo", "YOLO label files")),
        ("a.label", ROW, Sign("yolo", "YOLO label files")),
        ("Classes.txt", "cat\ndog\n", Sign("names")),
        ("classes.txt", ROW, Sign("yolo", "YOLO label files")),
        ("x.names", "cat\ndog\n", Sign("names")),
        ("x.labels", "cat\ndog\n", Sign("names")),
        ("x.txt", "cat\ndog\n", NOTHING),
        ("x.txt", TABLE + BOX + BOX, Sign("csv", COLUMNS)),
        ("x.txt", TABLE.strip(), NOTHING),
        ("x.txt", TABLE, NOTHING),
        ("x.txt", TABLE + BOX + "a.png,1,2", Sign("csv", COLUMNS)),  # the head may end within a line
        ("x.txt", TABLE + "a.png,1,2", Sign("csv", COLUMNS)),
        ("x.txt", TABLE + "a.png,1,2\n" + BOX, NOTHING),
        ("x.txt", TABLE + "\n" + BOX, Sign("csv", COLUMNS)),
        ("x.txt", TABLE + BOX * 19 + "a word\n" * 2, Sign("csv", COLUMNS)),
        ("x.txt", TABLE + BOX * 18 + "a word\n" * 2, Sign("csv", COLUMNS)),
        ("x.txt", TABLE + BOX * 17 + "a word\n" * 2, NOTHING),
        ("x.txt", "image,label\na.png,car\nb.png,bus\n", NOTHING),
        ("x.txt", "image,label,x\na.png,car,1\nb.png,bus,2\n", Sign("csv", "a table with the columns image, label, x")),
        ("x.txt", "u,v,w\n1,2,3\n4,5,6\n", NOTHING),
        ("x.csv", TABLE + BOX, Sign("csv", COLUMNS)),
        ("x.tsv", (TABLE + BOX).replace(",", "\t"), Sign("csv", COLUMNS)),
        ("x.yaml", "names: [a, b]\n", CONFIG),
        ("x.yml", "names: {0: a}\n", CONFIG),
        ("x.yaml", "names: a.txt\ntrain: x\n", CONFIG),
        ("x.yaml", "names: a.txt\nval: x\n", CONFIG),
        ("x.yaml", "names: a.txt\ntest: x\n", NOTHING),
        ("x.yaml", "train: x\nval: x\n", NOTHING),
        ("x.yaml", "names: [a\n", NOTHING),
        ("x.yaml", "train: [a\n", NOTHING),
        *(("x.yaml", f"a: [\n names : x\n {key} : y", CONFIG) for key in ("path", "train", "val", "test", "nc")),
        ("x.data", "train = x\n names=y", Sign("yolo", "a darknet configuration")),
        ("x.data", "train = x, names = y", NOTHING),
        ("x.npy", "", NOTHING),
        ("my_Labels.npy", "", unknown("a .npy file that may hold annotations")),
        ("x.tfrecord", "", unknown("a .tfrecord file that may hold annotations")),
        ("x.TFRecords", "", unknown("a .tfrecords file that may hold annotations")),
        ("labels.bin", "", NOTHING),
        ("x.tar", "", NOTHING),
        ("labels.tar", "", unknown("an archive (.tar), which is not unpacked")),
        ("x.zip", "no zip", NOTHING),
        ("coco.zip", "no zip", unknown("an archive (.zip), which is not unpacked")),
    ],
)
def test_a_file_is_what_it_holds_whatever_it_is_called(name: str, text: str, expected: Sign, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    assert sniff(tmp_path / name) == expected


@pytest.mark.parametrize("inside", ["a.json", "a.XML", "x/a.csv", "a.jsonl", "a.txt", "a.parquet", "a.png"])
def test_an_archive_is_looked_into_for_what_may_be_annotations(inside: str, tmp_path: Path) -> None:
    path = tmp_path / "x.ZIP"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("pictures/b.png", "")
        archive.writestr(inside, "")
    assert sniff(path) == (NOTHING if inside == "a.png" else unknown("an archive (.ZIP), which is not unpacked"))


def write_parquet(path: Path, columns: dict[str, Any], *, marked: bool = False) -> Path:
    import pyarrow as pa
    import pyarrow.parquet as parquet

    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.table(columns)
    parquet.write_table(table.replace_schema_metadata({"huggingface": '{"a": "Image"}'} if marked else None), path)
    return path


LONG = {f"{'x' * 30}{n}": [1] for n in range(4)}


@pytest.mark.parametrize(
    ("columns", "marked", "expected"),
    [
        ({"u": [1], "image": [b"x"]}, False, Sign("hf", "a.parquet")),
        ({"u": ["x"]}, True, Sign("hf", "a.parquet")),
        ({"u": [1]}, False, NOTHING),
        ({"bbox": [1], "u": [1]}, False, unknown("a Parquet file without pictures, with the columns bbox, u")),
        ({"xmin": [1], "ymin": [1], "xmax": [1], "ymax": [1]}, False,
         unknown("a Parquet file without pictures, with the columns xmin, ymin, xmax, ymax")),
        ({"x1": [1], "y1": [1], "x2": [1], "y2": [1]}, False, unknown("a Parquet file without pictures, with the columns x1, y1, x2, y2")),
        ({"file_name": ["a"]}, False, unknown("a Parquet file without pictures, with the columns file_name")),
        ({"file_name": ["a"]} | LONG, False,
         unknown(f"a Parquet file without pictures, with the columns {', '.join(['file_name', *LONG])[:100]}")),
    ],
)  # fmt: skip
def test_parquet_is_what_its_columns_are(columns: dict[str, Any], marked: bool, expected: Sign, tmp_path: Path) -> None:
    assert sniff(write_parquet(tmp_path / "a.parquet", columns, marked=marked)) == expected


def test_what_lies_beside_arrow_and_parquet_says_what_they_are(tmp_path: Path) -> None:
    path = tmp_path / "a.arrow"
    path.write_bytes(b"x")
    assert sniff(path) == unknown("an Arrow file")
    (tmp_path / "state.json").write_text("{}")
    assert sniff(path) == Sign("hf")
    broken = tmp_path / "b.parquet"
    broken.write_bytes(b"x")
    assert sniff(broken) == unknown("a Parquet file that cannot be read")
    (tmp_path / "items.parquet").mkdir()
    (tmp_path / "meta.json").write_text("{}")
    assert sniff(broken) == unknown("a Parquet file that cannot be read"), "a folder of that name is no table"
    (tmp_path / "items.parquet").rmdir()
    assert sniff(broken) == unknown("a Parquet file that cannot be read"), "one of the two alone is no workspace"
    write_parquet(tmp_path / "items.parquet", {"u": [1]})
    assert sniff(broken) == sniff(path) == NOTHING
    (tmp_path / "meta.json").unlink()
    assert sniff(broken) == unknown("a Parquet file that cannot be read")
