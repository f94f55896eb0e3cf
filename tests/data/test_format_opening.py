"""A folder or file is opened: what a survey of it says, where its pictures are looked for, which reader gets what, and what is counted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hypviz.data.formats.detect import READERS, detect_format, open_dataset
from hypviz.data.formats.folder import class_of, looks_like_class_folders, read_class_folders, read_folder
from hypviz.data.formats.mentions import Mentions
from hypviz.data.formats.places import data_name, source_in, source_of
from hypviz.data.formats.survey import class_tree_in, inner_folder, is_class_tree, survey
from hypviz.data.formats.tree import files_below, read_tree
from hypviz.data.raw import DropCounter, RawBox, RawImage
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
WHOLE = (0.0, 0.0, 1.0, 1.0)


# ---- plain folders ----------------------------------------------------------------------------------------------------------------------


def test_a_plain_folder_is_its_pictures_by_name(tmp_path: Path) -> None:
    write(
        tmp_path / "set", {"b.png": PNG, "s/a.png": PNG, "notes.txt": "x", "taxonomy.txt": "x", "s/taxonomy.txt": "x", ".hidden.png": PNG}
    )
    raw = read_folder(str(tmp_path / "set"))
    images = [RawImage(name, record=name, normalised=True) for name in ("b.png", "s/a.png")]
    assert (raw.root, raw.count, raw.name, raw.files, list(raw.images)) == (tmp_path / "set", 2, "set", 0, images)
    assert examples(raw.dropped) == {"not named like a picture": ["notes.txt", "s/taxonomy.txt"]} and raw.dropped.notes == []
    assert losses(raw.dropped) == {"not named like a picture": (2, 0, 0, 0)}


def test_class_folders_give_whole_pictures_their_class(tmp_path: Path) -> None:
    write(tmp_path / "set", {"train/cat/a.png": PNG, "b.png": PNG, "Test/c.png": PNG, "animals/dog/d.png": PNG, "notes.txt": "x"})
    raw = read_class_folders(tmp_path / "set")
    assert list(raw.images) == [
        RawImage(name, (RawBox(WHOLE, label, name),) if label else (), record=name, normalised=True)
        for name, label in (("b.png", ""), ("Test/c.png", ""), ("animals/dog/d.png", "animals/dog"), ("train/cat/a.png", "cat"))
    ]
    assert examples(raw.dropped) == {"not named like a picture": ["notes.txt"]} and raw.dropped.notes == []
    assert [class_of(name) for name in ("TRAIN/cat/a.png", "cat/train/a.png", "train/a.png", "a.png")] == ["cat", "cat/train", "", ""]
    write(tmp_path / "flat", {"a.png": PNG, "val/b.png": PNG})
    with pytest.raises(DataError, match=r"flat: none of 2 pictures lies in a sub-folder"):
        read_class_folders(tmp_path / "flat")
    for folder, message in (("none", r"none: there is no such folder"), ("empty", r"empty: no picture here, among 1 files\.$")):
        write(tmp_path, {"empty/x.txt": "x"})
        with pytest.raises(DataError, match=message):
            read_folder(tmp_path / folder)
    (tmp_path / "empty/loop").symlink_to("..", target_is_directory=True)
    with pytest.raises(DataError, match=r"among 1 files; 1 links to folders were not followed \(such as loop\)\."):
        read_folder(tmp_path / "empty")


@pytest.mark.parametrize(
    ("names", "two", "note"),
    [
        (["cat/1", "dog/2"], "cat and dog", ""),
        (["dog/1", "cow/2", "cat/3"], "cat and cow", ""),
        (["cat/1", "cat/2"], "", ""),
        (["cat/1", "dog/2", "3"], "", "folders such as cat and dog were not taken for classes, since 1 pictures lie in none"),
        (["cat/1", "dog/2", "3", "4"], "", ""),
        (["cat/1", "dog/2", "cow/3", "4", "5"], "", "folders such as cat and cow were not taken for classes, since 2 pictures lie in none"),
        (["cat/1", "cat/2", "3"], "", ""),
        (["cat/1", "Images/2", "dog/3"], "", "folders such as cat and dog were not taken for classes, since 1 pictures lie in none"),
    ],
)
def test_folders_are_classes_where_all_pictures_lie_in_two_of_them(names: list[str], two: str, note: str, tmp_path: Path) -> None:
    write(tmp_path, {f"{name}.png": PNG for name in names})
    assert looks_like_class_folders(tmp_path) == two and detect_format(tmp_path) == ("classes" if two else "folder")
    assert read_folder(tmp_path).dropped.notes == ([note] if note else [])
    assert {bool(image.boxes) for image in open_dataset(tmp_path).images} == {bool(two)}


# ---- trees of files ---------------------------------------------------------------------------------------------------------------------


def test_a_tree_knows_pictures_by_name_or_first_bytes_and_passes_over_what_is_hidden(tmp_path: Path) -> None:
    shut = [
        ".git",
        ".svn",
        ".hg",
        ".dvc",
        ".cache",
        ".idea",
        ".vscode",
        ".ipynb_checkpoints",
        ".trash-1",
        ".thumbnails",
        ".venv",
        ".config",
        ".huggingface",
    ]
    files: dict[str, Any] = {
        "b.png": b"",
        "a/c": PNG,
        "a/d.dat": PNG,
        "a/e.txt": PNG,
        "a/f.dat": "x",
        "__MACOSX/g.png": b"",
        "@eaDir/h.png": b"",
        ".own/i.png": b"",
        ".empty/.j.png": b"",
        ".k.png": b"",
        "a/deep/er/l.png": b"",
    }
    write(tmp_path, files | {f"{name}/x.png": b"" for name in shut} | {"a/.Git/y.png": b""})
    (tmp_path / "dead").symlink_to("nowhere")
    tree = read_tree(tmp_path)
    assert (tree.pictures, tree.others) == (["b.png", "a/c", "a/d.dat", "a/deep/er/l.png"], ["a/e.txt", "a/f.dat"])
    assert (tree.dead, tree.hidden, tree.links, tree.shut, tree.root) == (["dead"], [".own"], [], [], tmp_path)
    assert read_tree(tmp_path, depth=0).pictures == ["b.png"] and read_tree(tmp_path, depth=1).pictures == ["b.png", "a/c", "a/d.dat"]
    assert read_tree(tmp_path, depth=3).pictures[-1] == "a/deep/er/l.png" and read_tree(tmp_path, depth=2).pictures[-1] == "a/d.dat"
    assert list(files_below(tmp_path)) == ["b.png", "dead", "a/c", "a/d.dat", "a/e.txt", "a/f.dat", "a/deep/er/l.png"]


@pytest.mark.parametrize(
    ("name", "text", "is_link"),
    [
        ("link", "real/x", True),
        ("link", " real/x\n", True),
        ("link.txt", "real/x", False),
        ("link", "real", False),
        ("link", "real/\nx", False),
        ("link", "real/none", False),
        ("link", "real/file.txt", False),
        ("link", "", False),
        ("link", "./" * 509 + "real/x", True),
        ("link", "./" * 510 + "real/x", False),
        ("link", b"real/\xff", False),
        ("link", "real/\0", False),
    ],
)
def test_a_text_that_is_the_way_to_a_folder_is_a_link(name: str, text: Any, is_link: bool, tmp_path: Path) -> None:
    write(tmp_path, {name: text, "real/file.txt": "x", "real/x/y.txt": "x"})
    tree = read_tree(tmp_path)
    assert tree.links == ([name] if is_link else []) and (name in tree.others) is not is_link
    dropped = DropCounter()
    tree.count_losses(dropped)
    assert losses(dropped) == ({"link to a folder not followed": (1, 0, 0, 0)} if is_link else {})


def test_what_cannot_be_walked_is_counted_by_kind() -> None:
    tree = read_tree(Path("/nonexistent folder"))
    assert tree.shut == ["."] and tree.pictures == []
    tree.links, tree.dead, tree.hidden, tree.shut = ["l"], ["d\ud800"], ["h"], ["s", "t"]
    dropped = DropCounter()
    tree.count_losses(dropped)
    assert examples(dropped) == {
        "link to a folder not followed": ["l"],
        "link that leads nowhere": ["d?"],
        "hidden folder not read": ["h"],
        "folder cannot be opened": ["s", "t"],
    }


def test_links_to_folders_of_the_tree_or_around_it_are_not_followed(tmp_path: Path) -> None:
    write(tmp_path, {"set/real/a.png": b"", "out/b.png": b"", "out/deep/c.png": b"", "set2/d.png": b""})
    for name, target in {"e": "../out/deep", "f": "../out", "g": "real", "h": "..", "i": "../set2", "j": "../set2", "k": "."}.items():
        (tmp_path / "set" / name).symlink_to(target, target_is_directory=True)
    tree = read_tree(tmp_path / "set")
    assert tree.pictures == ["e/c.png", "i/d.png", "real/a.png"] and tree.links == ["f", "g", "h", "j", "k"]


# ---- surveys ----------------------------------------------------------------------------------------------------------------------------


def test_a_survey_says_what_every_file_is(tmp_path: Path) -> None:
    files: dict[str, Any] = {
        "a.png": PNG,
        "c.json": COCO,
        "classes.txt": "car\n",
        "l/a.txt": "0 0.5 0.5 0.1 0.1\n",
        "x.json": "{",
        "u.json": {"bbox": 1},
        "words.txt": "a.png shows cats\n",
        "n.md": "x",
        "taxonomy.txt": "x\n",
    }
    write(tmp_path, files)
    found = survey(tmp_path)
    assert found.kinds == {
        "c.json": "coco",
        "classes.txt": "names",
        "n.md": "",
        "u.json": "unknown",
        "words.txt": "named",
        "x.json": "broken json",
        "l/a.txt": "yolo",
    }
    assert found.descriptions == {
        "c.json": "COCO JSON",
        "u.json": "JSON with the keys bbox",
        "words.txt": "names pictures: 'a.png shows cats'",
        "x.json": "a JSON file that cannot be parsed",
        "l/a.txt": "YOLO label files",
    }
    assert (
        found.files("coco") == ["c.json"] and found.files("yolo") == ["classes.txt", "l/a.txt"] and found.files("names") == ["classes.txt"]
    )
    assert found.formats(["voc", "yolo", "coco", "names", "auto"]) == ["yolo", "coco"] and found.unknown == ["u.json", "x.json"]
    assert found.notes() == ["words.txt was not read (names pictures: 'a.png shows cats')"]
    assert found.refusal().startswith(
        f"{tmp_path}: holds annotations that cannot be read here: u.json (JSON with the keys bbox) and 1 other files; export"
    )
    assert found.several(["coco", "yolo", "voc"], "a.png") == (
        f"{tmp_path}: holds annotations of several formats, coco (c.json) and yolo (classes.txt) and voc () for the same pictures "
        "(such as a.png); "
        "keep one of them, or choose by --format."
    )
    assert (
        found.several(["coco"])
        == f"{tmp_path}: holds annotations of several formats, coco (c.json); keep one of them, or choose by --format."
    )
    dropped = DropCounter()
    found.count({"u.json"}, dropped)
    assert examples(dropped) == {"annotation file not read": ["x.json: a JSON file that cannot be parsed"]}
    assert losses(dropped) == {"annotation file not read": (1, 0, 0, 1)}
    found.descriptions.clear()
    found.kinds = {"x.xml": "broken xml"} | {f"{n}.txt": "named" for n in range(8)} | {"o.csv": "openimages", "k.csv": "csv"}
    found.descriptions = dict.fromkeys(found.kinds, "w") | {"x.xml": ""}
    assert found.refusal().startswith(f"{tmp_path}: holds annotations that cannot be read here: x.xml (broken xml); ")
    assert found.notes() == [f"{n}.txt was not read (w)" for n in range(5)] + ["3 more files like these were not read"]
    assert found.formats(["csv", "openimages", "classes", "folder"]) == ["openimages"]


@pytest.mark.parametrize(
    ("beside", "enters"),
    [
        ([], True),
        (["README.md"], True),
        (["readme"], True),
        (["License"], True),
        (["LICENCE.txt"], True),
        (["copying.x"], True),
        (["Citation.bib"], True),
        (["CHANGELOG"], True),
        (["a.PDF"], True),
        (["notes.txt"], True),
        ([".hidden"], True),
        *(
            ([f"a{ending}"], True)
            for ending in (".rst", ".html", ".py", ".ipynb", ".sh", ".toml", ".lock", ".cfg", ".ini", ".log", ".gitignore")
        ),
        (["a.png"], False),
        (["a.csv"], False),
        (["taxonomy.txt"], False),
        (["Taxonomy.json"], False),
        (["classes.txt"], False),
        (["other/"], False),
        (["__MACOSX/"], True),
        (["@eaDir/"], True),
    ],
)
def test_the_one_folder_beside_a_readme_is_the_data_set(beside: list[str], enters: bool, tmp_path: Path) -> None:
    write(tmp_path, {"deep/er/a.png": b"", "deep/er/b.png": b""})
    for name in beside:
        (tmp_path / name).mkdir() if name.endswith("/") else write(tmp_path, {name: "cat\n"})
    assert inner_folder(tmp_path) == (tmp_path / "deep/er" if enters else tmp_path)
    assert survey(tmp_path, enter=False).root == tmp_path and survey(tmp_path).root == inner_folder(tmp_path)


def test_a_class_tree_is_one_by_name_and_content(tmp_path: Path) -> None:
    dropped = DropCounter()
    assert class_tree_in(tmp_path, dropped) is None
    write(tmp_path, {"taxonomy.json": {"cat": []}, "other.json": {}})
    assert class_tree_in(tmp_path, dropped) == tmp_path / "taxonomy.json" and dropped.notes == []
    write(tmp_path, {"taxonomy.txt": "cat\n"})
    assert class_tree_in(tmp_path, dropped) == tmp_path / "taxonomy.txt"
    assert dropped.notes == ["taxonomy.json was not read: the class tree is that of taxonomy.txt"]
    for content, is_one in (({}, True), ("{", True), ({"bbox": 1}, True), ({"categories": [{"name": 1}]}, True), (COCO, False)):
        write(tmp_path, {"taxonomy.json": content})
        assert is_class_tree(tmp_path, "taxonomy.json") is is_one and not is_class_tree(tmp_path, "other.json")


@pytest.mark.parametrize(
    ("name", "text", "kind", "words"),
    [
        ("n.txt", "cat01.jpg 9 2 3 4", "unknown", "names pictures and has numbers for them: 'cat01.jpg 9 2 3 4'"),
        ("n.txt", "cat01.jpg 1 2 3 4", "", ""),
        ("n.txt", "\n cat01.jpg 5 2 3", "", ""),
        ("n.txt", "cat01.jpg -5 2.5 3e1 4\ncat02.jpg", "", ""),
        ("n.txt", "cat01.jpg 5 2 3 4\ncat02.jpg 5 6 7 8", "unknown", "names pictures and has numbers for them: 'cat01.jpg 5 2 3 4'"),
        ("n.txt", "cat01.jpg 2 3 4 5 x", "unknown", "names pictures and has numbers for them: 'cat01.jpg 2 3 4 5 x'"),
        ("n.txt", "cat01.jpg 0 1 0 1", "", ""),
        ("n.txt", "CAT01 sleeps", "named", "names pictures: 'CAT01 sleeps'"),
        ("n.txt", "cat01.jpg a b", "", ""),
        ("n.txt", "train/images/cat01.jpg", "", ""),
        ("n.txt", "cat01.jpg sleeps\ncat02.jpg", "", ""),
        ("n.txt", "cat01.jpg sleeps\ncat02.jpg runs", "named", "names pictures: 'cat01.jpg sleeps'"),
        ("n.txt", "cat01.jpg cat01 sleeps", "named", "names pictures: 'cat01.jpg cat01 sleeps'"),
        ("n.txt", "7 sleeps", "", ""),
        ("n.txt", "12345 sleeps", "named", "names pictures: '12345 sleeps'"),
        ("n.txt", "see my dog 1.png here", "named", "names pictures: 'see my dog 1.png here'"),
        ("n.csv", "x;c:\\data\\cat01.jpg;sleeps", "named", "names pictures: 'x;c:\\\\data\\\\cat01.jpg;sleeps'"),
        ("n.json", '{"a": "my dog 1.png", "text": "sleeps"}', "named", 'names pictures: \'{"a": "my dog 1.png", "text": "sleeps"}\''),
        ("n.txt", f"{'w' * 90} cat01.jpg", "named", f"names pictures: '{'w' * 80}'"),
        ("cat01.TXT", "1 2 3 4\n5 6 7 8\n\nx\n", "unknown", "rows of numbers, called like a picture"),
        ("cat01.txt", "1 2 3 4\nx\n", "", ""),
        ("cat01.bin", "1 2 3 4", "", ""),
        ("n.txt", "cat01.jpg 1 2 3 4\0", "", ""),
        ("none.txt", None, "", ""),
    ],
)
def test_files_speak_of_pictures_by_name(name: str, text: str | None, kind: str, words: str, tmp_path: Path) -> None:
    if text is not None:
        write(tmp_path, {name: text})
    pictures = ["a/cat01.jpg", "b/cat01.png", "cat02.jpg", "7.jpg", "12345.jpg", "my dog 1.png"]
    assert Mentions(pictures).kind_of(tmp_path / name) == (kind, words)


# ---- where pictures lie -----------------------------------------------------------------------------------------------------------------


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


# ---- the one door -----------------------------------------------------------------------------------------------------------------------


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
