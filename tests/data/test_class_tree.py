"""Classes of a data set in a class tree: who is matched with whom, what is reported, and what each level shows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hypviz.data.class_tree import ClassTree, level_sizes, sentences_of
from hypviz.data.formats.detect import open_dataset
from hypviz.data.formats.taxonomy import parse_taxonomy
from hypviz.data.importer import import_items
from hypviz.errors import DataError
from tests.conftest import MakeCoco

TEXT = "thing\n  vehicle\n    car\n      sedan\n    traffic light\n  animal\n    dog\n"


def tree(text: str, *classes: str) -> ClassTree:
    return ClassTree(parse_taxonomy(text, "t.txt"), classes)


def placed(matched: ClassTree) -> dict[str, str]:
    return {name: matched.taxonomy.names[at] for name, at in zip(matched.classes, matched.place, strict=True) if at >= 0}


def test_names_meet_whatever_their_case_and_separators() -> None:
    matched = tree(TEXT, "Sedan", "traffic_light", "DOG", "cat")
    assert placed(matched) == {"Sedan": "sedan", "traffic_light": "traffic light", "DOG": "dog"}
    assert not matched.ambiguous


def test_what_fits_several_ways_is_reported_and_not_guessed() -> None:
    matched = tree("animal\n  dog\n  traffic light", "Dog", "DOG", "traffic-light", "traffic light")
    assert placed(matched) == {"traffic light": "traffic light"}
    assert matched.ambiguous == [
        "'Dog' and 'DOG' all fit 'dog'",
        "'traffic-light' and 'traffic light' all fit 'traffic light', which only 'traffic light' is spelt like",
    ]
    records = [{"id": "n1", "name": "crane", "hypernym": "bird"}, {"id": "n2", "name": "crane", "hypernym": "machine"}]
    cranes = ClassTree(parse_taxonomy(json.dumps(records), "w.json"), ("crane", "Bird"))
    assert placed(cranes) == {"Bird": "bird"} and cranes.ambiguous == ["'crane' may be 'crane (n1)' or 'crane (n2)'"]


def test_a_report_names_what_was_not_found_with_what_is_spelt_nearly_so() -> None:
    report = tree(TEXT, "sedan", "dogs", "house").report()
    assert (report["found"], report["classes"], report["names"]) == (1, 3, 7)
    assert report["missing"] == {"count": 2, "listed": [{"name": "dogs", "near": ["dog"]}, {"name": "house", "near": []}]}
    assert report["unknown"]["listed"] == [{"name": "traffic light", "near": []}, {"name": "dog", "near": ["dogs"]}]
    assert "not in the class tree, so they stay as they are (2): dogs (near: dog), house" in sentences_of(report)


def test_a_long_list_says_how_many_more_there_are() -> None:
    report = tree("car", "car", *(f"q{number}" for number in range(25))).report()
    assert report["missing"]["count"] == 25 and len(report["missing"]["listed"]) == 20
    assert any(line.endswith(" and 5 more") for line in sentences_of(report))


def test_a_tree_without_any_class_of_the_data_is_refused() -> None:
    with pytest.raises(DataError, match=r"none of the 2 classes of the data is in this class tree.*'dogs' looks like 'dog'"):
        tree(TEXT, "dogs", "house").check("t.txt")
    tree(TEXT, "dog", "house").check("t.txt")


def test_each_level_shows_what_lies_there_and_what_ends_above() -> None:
    matched = tree(TEXT, "Sedan", "car", "dog", "house")
    assert (matched.deepest, matched.levels) == (3, [1, 2])  # "thing" alone is on top, and no class: the root
    names, row = matched.at(1)
    assert [names[one] for one in row] == ["vehicle", "vehicle", "animal", "house"]
    names, row = matched.at(2)
    assert [names[one] for one in row] == ["car", "car", "dog", "house"]
    with pytest.raises(DataError, match=r"no level 3.*1 to 2"):
        matched.at(3)
    assert level_sizes(matched, [0, 0, 1, 3]) == [
        {"level": 1, "classes": 2, "examples": ["vehicle", "house"]},
        {"level": 2, "classes": 2, "examples": ["car", "house"]},
    ]


def test_a_name_on_top_that_is_a_class_is_no_root() -> None:
    matched = tree("vehicle\n  car\n", "vehicle", "car")
    assert matched.root == -1 and matched.levels == [1]
    assert matched.at(1)[0] == ("vehicle",)


def test_the_nodes_are_the_classes_and_what_is_above_them() -> None:
    matched = tree(TEXT, "Sedan", "house")
    assert matched.nodes() == [
        {"name": "vehicle", "parent": -1, "class": -1},
        {"name": "car", "parent": 0, "class": -1},
        {"name": "Sedan", "parent": 1, "class": 0},
    ]  # fmt: skip
    assert matched.above().tolist() == [[False, True, True], [False, False, True], [False, False, False]]


def imported(folder: Path) -> tuple[list[str], str | None]:
    _, report = import_items(open_dataset(folder))
    return list(report.notes), None if report.taxonomy is None else report.taxonomy.to_text()


def test_a_tree_in_the_folder_of_a_data_set_is_read_with_it(make_coco: MakeCoco, tmp_path: Path) -> None:
    make_coco([[1, 1, 9, 9]])
    (tmp_path / "taxonomy.txt").write_text("all\n  Thing\n  other\n")
    notes, text = imported(tmp_path)
    assert text == "all\n  Thing\n  other\n"
    assert notes == [
        "taxonomy.txt: 1 of 1 classes are in the class tree of 3 names",
        "taxonomy.txt: in the class tree and no class of these data (1): other",
    ]


@pytest.mark.parametrize(
    ("name", "content"), [("taxonomy.txt", "a\n    b\n  c"), ("taxonomy.json", "{"), ("taxonomy.json", '{"a": ["b"]}')]
)
def test_a_tree_that_cannot_be_used_costs_a_note_and_nothing_else(make_coco: MakeCoco, tmp_path: Path, name: str, content: str) -> None:
    make_coco([[1, 1, 9, 9]])
    (tmp_path / name).write_text(content)
    notes, text = imported(tmp_path)
    assert text is None and len(notes) == 1 and notes[0].startswith(f"the class tree was not taken over: {name}")


def test_of_two_trees_one_is_read_and_the_other_named(make_coco: MakeCoco, tmp_path: Path) -> None:
    make_coco([[1, 1, 9, 9]])
    (tmp_path / "taxonomy.txt").write_text("all\n  thing")
    (tmp_path / "taxonomy.json").write_text('{"every": ["thing"]}')
    notes, text = imported(tmp_path)
    assert text == "all\n  thing\n" and "taxonomy.json was not read: the class tree is that of taxonomy.txt" in notes


def test_class_folders_have_their_tree_beside_them(tmp_path: Path, make_picture: object) -> None:
    for name in ("dog/a.png", "cat/b.png"):
        make_picture(tmp_path / name)  # type: ignore[operator]
    (tmp_path / "taxonomy.txt").write_text("animal\n  dog\n  cat\n")
    items, report = import_items(open_dataset(tmp_path))
    assert items.classes == ("cat", "dog") and report.taxonomy is not None and report.dropped == {}


def test_labels_that_are_called_like_a_tree_stay_labels(tmp_path: Path, make_picture: object) -> None:
    make_picture(tmp_path / "taxonomy.png")  # type: ignore[operator]
    (tmp_path / "taxonomy.txt").write_text("0 0.5 0.5 0.4 0.4\n")
    items, report = import_items(open_dataset(tmp_path))
    assert len(items) == 2 and report.taxonomy is None
