"""Folders before anyone reads them: plain pictures and classes, trees of files and links, surveys, files that speak of pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hypviz.data.formats.detect import detect_format, open_dataset
from hypviz.data.formats.folder import class_of, looks_like_class_folders, read_class_folders, read_folder
from hypviz.data.formats.survey import class_tree_in, inner_folder, is_class_tree, survey
from hypviz.data.formats.tree import files_below, read_tree
from hypviz.data.raw import DropCounter, RawBox, RawImage
from hypviz.errors import DataError
from tests.data.layouts import picture
from tests.data.reading import examples, losses, write

PNG = picture((64, 48), 0)


IMAGE, CAR = {"id": 1, "file_name": "a.png"}, {"image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4]}


COCO = {"images": [IMAGE], "annotations": [CAR], "categories": [{"id": 1, "name": "car"}]}


WHOLE = (0.0, 0.0, 1.0, 1.0)


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
        ("link", " " + "./" * 509 + "real/x", False),
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
