"""The parts that all readers share: text, YAML, trees of files, names of pictures, conventions of boxes, names in zips."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from hypviz.data.formats.convention import Sample, judge
from hypviz.data.formats.detect import detect_format, open_dataset
from hypviz.data.formats.names import PictureNames
from hypviz.data.formats.sniff import sniff
from hypviz.data.formats.text import decode
from hypviz.data.formats.tree import read_tree
from hypviz.data.formats.yaml_text import read_yaml
from hypviz.data.formats.yolo_rows import RowForm, row_form
from hypviz.data.importer import import_items
from hypviz.data.pictures import inspect_picture
from hypviz.data.raw import DropCounter
from hypviz.errors import DataError, without_options
from hypviz.finetune.zip_names import names_of
from tests.conftest import random_picture

MakePicture = Callable[..., Path]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_text_is_read_in_the_encoding_it_has_and_only_a_guess_is_noted(encoding: str) -> None:
    dropped = DropCounter()
    text = "Löwe, Bär, façade: a list of names in plain letters"
    assert decode(text.encode(encoding), "names.txt", dropped) == text
    assert dropped.notes == (["names.txt is not UTF-8 and was read as Windows-1252"] if encoding == "cp1252" else [])


def test_yaml_scalars_stay_what_was_written(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("names: [yes, no, 012, null, ~, 1.0, 2024-01-01]\nnc: 7\n")
    assert read_yaml(tmp_path / "a.yaml") == {"names": ["yes", "no", "012", "null", "~", "1.0", "2024-01-01"], "nc": "7"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: &x [1]\nb: [*x, *x]\n", r"line 2: aliases are not read here"),
        ("names:\n  0: car\n  0: bus\n", r"line 3: the key '0' stands twice"),
        ("a: " + "[" * 60 + "]" * 60, r"more than 40 levels"),
        ("names: [a\ntrain: x\n", r"line 2"),
        ('names: ["a\n', r"not a YAML file"),
    ],
)
def test_yaml_that_grows_or_does_not_parse_is_refused_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "a.yaml").write_text(text)
    with pytest.raises(DataError, match=message) as caught:
        read_yaml(tmp_path / "a.yaml")
    assert "\n" not in str(caught.value)


def test_backslashes_in_the_quotes_of_yaml_are_slashes_and_noted(tmp_path: Path) -> None:
    path, dropped = tmp_path / "a.yaml", DropCounter()
    path.write_text('path: "C:\\data\\set"\nnames: ["a\\\\b", \'c\\d\']\n')
    assert read_yaml(path, dropped) == read_yaml(path) == {"path": "C:/data/set", "names": ["a/b", "c\\d"]}
    (note,) = dropped.notes
    assert note.startswith("a.yaml has backslashes in double quotes, which YAML forbids; they were read as slashes (line 1: ")
    path.write_text('path: "C:\\data"\nnames: [a\n')
    with pytest.raises(DataError, match=r"not a YAML file \(line 1: "):
        read_yaml(path)


def test_a_text_is_a_table_where_its_lines_have_the_cells_of_the_first(tmp_path: Path) -> None:
    head, row = "image,xmin,ymin,xmax,ymax,label\n", "a.png,1,2,30,40,car\n"
    for name, text, kind in (
        ("notes.txt", head + 2 * row, "csv"),
        ("notes.txt", head + "We drew these by hand,\nthen, as ever, came lunch.\n" + row, ""),
        ("notes.csv", head + row, "csv"),
    ):
        (tmp_path / name).write_text(text)
        assert sniff(tmp_path / name).kind == kind, text


def test_links_are_followed_once_and_loops_never(tmp_path: Path, make_picture: MakePicture) -> None:
    make_picture(tmp_path / "set/real/a.png")
    make_picture(tmp_path / "source/deep/b.png", seed=1)
    links = {"outside": "../source", "again": "../source/deep", "loop": "..", "inside": "real", "real/up": ".."}
    for name, target in links.items():
        (tmp_path / "set" / name).symlink_to(target, target_is_directory=True)
    (tmp_path / "set/as text").write_text("../source/deep")
    tree = read_tree(tmp_path / "set")
    assert tree.pictures == ["again/b.png", "real/a.png"] or tree.pictures == ["outside/deep/b.png", "real/a.png"]
    assert {"loop", "inside", "real/up", "as text"} < set(tree.links)
    _, report = import_items(open_dataset(tmp_path / "set", "folder"))
    assert report.images == 2
    assert report.dropped["link to a folder not followed"]["count"] == 5


def test_class_folders_that_are_links_are_classes(tmp_path: Path, make_picture: MakePicture) -> None:
    for number, name in enumerate(("cat", "dog")):
        make_picture(tmp_path / f"source/{name}/{number}.png", seed=number)
        (tmp_path / "set").mkdir(exist_ok=True)
        (tmp_path / "set" / name).symlink_to(f"../source/{name}", target_is_directory=True)
    items, report = import_items(open_dataset(tmp_path / "set"))
    assert (report.images, items.classes, report.dropped) == (2, ("cat", "dog"), {})


@pytest.mark.parametrize(
    ("stated", "folder", "picture", "rivals"),
    [
        ("C:\\x\\images\\a 1.png", "", "train/images/A 1.PNG", 0),
        ("../train/images/a%201.png", "labels", "train/images/A 1.PNG", 0),
        ("b.png", "train", "train/images/b.png", 0),
        ("b.png", "val/labels", "val/images/b.png", 0),
        ("b.png", "", "", 2),
        ("val/images/b.png", "train", "val/images/b.png", 0),
        ("only_val.png", "train", "", 0),
        ("c.png", "", "", 0),
    ],
)
def test_a_name_means_the_picture_with_its_longest_tail(stated: str, folder: str, picture: str, rivals: int) -> None:
    names = PictureNames(["train/images/A 1.PNG", "train/images/b.png", "val/images/b.png", "val/images/only_val.png"])
    match = names.find((stated,), folder=folder)
    assert (match.picture, len(match.rivals)) == (picture, rivals)


def random_corners(count: int, size: tuple[int, int], seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    low = rng.uniform(0, 0.6, (count, 2)) * size
    high = low + rng.uniform(0.2, 1, (count, 2)) * (np.array(size) - low)
    return np.concatenate([low, high], axis=1)


@pytest.mark.parametrize("form", ["xyxy", "xywh"])
@pytest.mark.parametrize("unit", ["pixels", "fractions", "per cent"])
def test_forms_and_units_are_told_by_all_boxes_together(form: str, unit: str) -> None:
    size = (640, 480)
    corners = random_corners(60, size)
    numbers = corners.copy()
    if form == "xywh":
        numbers[:, 2:] -= numbers[:, :2]
    numbers /= np.array([*size, *size]) / {"pixels": 1, "fractions": 1, "per cent": 100}[unit] if unit != "pixels" else 1
    samples = [Sample(tuple(row), size) for row in numbers.tolist()]
    reading = judge(samples, ("xywh", "xyxy"), "a.json", DropCounter())
    assert (reading.form, reading.unit) == (form, unit)
    scale = np.array([*size, *size]) if reading.normalised else 1
    assert np.allclose(np.array([reading.corners(sample.numbers) for sample in samples]) * scale, corners)


def test_few_boxes_that_fit_another_form_only_are_refused_not_guessed() -> None:
    samples = [Sample((30, 20, 39, 29), (40, 30))]
    with pytest.raises(DataError, match=r"100 % of 1 boxes leave their pictures as \[x, y, width, height\].*--boxes xyxy"):
        judge(samples, ("xywh", "xyxy"), "a.json", DropCounter())
    assert judge(samples, ("xywh", "xyxy"), "a.json", DropCounter(), box_format="xyxy").form == "xyxy"


def test_small_pictures_in_per_cent_are_refused_unless_a_person_says_pixels() -> None:
    numbers = random_corners(40, (100, 100), 3)
    samples = [Sample(tuple(row), (160, 120)) for row in numbers.tolist()]
    with pytest.raises(DataError, match="may be per cent"):
        judge(samples, ("xyxy",), "a.csv", DropCounter())
    assert judge(samples, ("xyxy",), "a.csv", DropCounter(), box_format="xyxy").unit == "pixels"


@pytest.mark.parametrize("step", [2, 3])
def test_keypoint_rows_without_a_configuration_are_known_by_lying_in_their_boxes(step: int) -> None:
    rng = np.random.default_rng(1)
    rows = []
    for _ in range(20):
        cx, cy, w, h = *rng.uniform(0.3, 0.7, 2), *rng.uniform(0.2, 0.5, 2)
        points = [(cx + w * a / 2, cy + h * b / 2, 2.0)[:step] for a, b in rng.uniform(-1, 1, (5, 2))]
        rows.append([cx, cy, w, h, *(value for point in points for value in point)])
    assert row_form(rows, 0, DropCounter()) == RowForm("cxcywh", 5 * step)
    outlines = [rng.uniform(0, 1, 14).tolist() for _ in range(20)]
    assert row_form(outlines, 0, DropCounter()).keypoints == 0


@pytest.mark.parametrize(
    ("file", "text", "kind"),
    [
        ("a.json", '{"boxes": [[1, 2, 3, 4]], "xmin": 3}', "unknown"),
        ("dota.txt", "1 1 5 1 5 5 1 5 plane 0\n", "unknown"),
        ("visdrone.txt", "1,2,30,40,1,4,0,0\n", "unknown"),
        ("named.txt", "cat 1 2 30 40\n", "unknown"),
        ("gt.csv", "xmin,ymin,xmax,ymax\n1,2,3,4\n", "unknown"),
        ("rows.jsonl", '{"polygon": [[1, 2]], "bbox": [1, 2, 3, 4]}', "unknown"),
        ("other.xml", "<data><bndbox/></data>", "unknown"),
        ("broken.json", "{", "broken json"),
        ("bare.csv", "cat,1,2,30,40\n", "unknown"),
        ("poses.txt", "0.1 0.2 0.3 0.4 0.5 0.6\n", "unknown"),
        ("people.csv", "id,name\n1,Ada\n", ""),
        ("people.jsonl", '{"name": "Ada", "age": 3}', ""),
        ("config.json", '{"epochs": 3, "labels": "x"}', ""),
        ("dataset_info.json", '{"features": {"objects": {"bbox": 1}}}', ""),
        ("list.txt", "images/a.jpg\nimages/b.jpg\n", ""),
        ("results.csv", "epoch,loss\n1,0.5\n", ""),
    ],
)
def test_what_looks_like_boxes_is_never_opened_as_plain_pictures(
    tmp_path: Path, make_picture: MakePicture, file: str, text: str, kind: str
) -> None:
    make_picture(tmp_path / "pictures/a.jpg")
    (tmp_path / "Extra/deep").mkdir(parents=True)
    (tmp_path / "Extra/deep" / file).write_text(text)
    assert sniff(tmp_path / "Extra/deep" / file).kind == kind
    if kind:
        with pytest.raises(DataError, match=rf"annotations that cannot be read here: Extra/deep/{file}.*--format folder"):
            open_dataset(tmp_path)
        assert import_items(open_dataset(tmp_path, "folder"))[1].images == 1
    else:
        assert detect_format(tmp_path) == "folder"


def info_of(name: bytes, *, marked: bool = False, extra: bytes = b"") -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name.decode("utf-8" if marked else "cp437"))
    info.flag_bits, info.extra = 0x800 if marked else 0, extra
    return info


def test_names_in_a_zip_are_decoded_by_all_of_them_together() -> None:
    chinese = [info_of(text.encode("gbk")) for text in ("猫.png", "狗/鸟.png", "plain.txt")]
    assert names_of(chinese) == ["猫.png", "狗/鸟.png", "plain.txt"]
    japanese = [info_of(text.encode("cp932")) for text in ("ねこ/猫.png", "犬.png", "plain.txt")]
    assert names_of(japanese) == ["ねこ/猫.png", "犬.png", "plain.txt"]
    assert names_of([info_of("Ba\u0308r.png".encode())]) == ["Bär.png"]
    assert names_of([info_of("Übung.png".encode("cp437")), info_of(b"a.png")]) == ["Übung.png", "a.png"]
    assert names_of([info_of("Übung.png".encode(), marked=True)]) == ["Übung.png"]
    field = b"\x01" + bytes(4) + "猫.png".encode()
    assert names_of([info_of(b"__.png", extra=struct.pack("<HH", 0x7075, len(field)) + field)]) == ["猫.png"]


def test_a_page_is_given_no_advice_for_a_command_line() -> None:
    assert (
        without_options("a.json: 5 % leave, but 99 % fit; say which by --boxes xyxy or --boxes xywh.") == "a.json: 5 % leave, but 99 % fit."
    )
    assert without_options("A plain sentence.") == "A plain sentence."
    holds = "x: holds boxes; export them as COCO, or open the pictures alone by --format folder."
    assert without_options(holds) == "x: holds boxes; export them as COCO."
    assert without_options("Cannot listen; choose another with --port.", ["--port"]) == "Cannot listen; choose another with --port."


def test_heic_pictures_are_read_upright(tmp_path: Path) -> None:
    import pillow_heif

    pillow_heif.register_heif_opener()
    exif = random_picture((64, 48)).getexif()
    exif[0x0112] = 6
    stream = BytesIO()
    random_picture((64, 48)).save(stream, "HEIF", exif=exif.tobytes(), quality=90)
    (tmp_path / "IMG_1.HEIC").write_bytes(stream.getvalue())
    assert inspect_picture(tmp_path / "IMG_1.HEIC").size == (48, 64)
    (tmp_path / "cut.heic").write_bytes(stream.getvalue()[:200])
    items, report = import_items(open_dataset(tmp_path))
    assert (items.images.file_name.tolist(), report.images_read) == (["IMG_1.HEIC"], 2)


def test_open_images_v7_as_fiftyone_writes_it(tmp_path: Path, make_picture: MakePicture) -> None:
    header = "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsOccluded,IsTruncated,IsGroupOf,IsDepiction,IsInside\n"
    for number, split in enumerate(("train", "validation")):
        root = tmp_path / "open-images-v7" / split
        make_picture(root / f"data/{number:016x}.jpg", (40, 20), seed=number)
        make_picture(root / f"labels/masks/{number}/{number:016x}_m.png", (40, 20))
        (root / "metadata").mkdir()
        (root / "labels/detections.csv").write_text(f"{header}{number:016x},xclick,/m/01,1,0.25,0.5,0,1,0,0,0,0,0\n")
        (root / "labels/classifications.csv").write_text(f"ImageID,Source,LabelName,Confidence\n{number:016x},verification,/m/01,1\n")
        (root / "metadata/classes.csv").write_text("/m/01,Tortoise\n/m/02,Container\n")
        (root / "metadata/image_ids.csv").write_text(f"ImageID,Subset,OriginalURL,License\n{number:016x},{split},x,https://cc/by\n")
        (root / "metadata/hierarchy.json").write_text('{"LabelName": "/m/0", "Subcategory": []}')
    items, report = import_items(open_dataset(tmp_path))
    assert (report.images, report.boxes, items.classes, report.dropped) == (2, 2, ("Tortoise",), {})
    assert items.xyxy[1].tolist() == [10, 0, 20, 20]
