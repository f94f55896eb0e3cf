"""Class trees as files: every form says the same tree, what is written is read again, and what is wrong is one sentence."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hypviz.data.formats.taxonomy import parse_taxonomy, read_taxonomy
from hypviz.data.taxonomy import MAX_DEPTH, MAX_NAMES, Taxonomy, name_key
from hypviz.errors import DataError

TREE = Taxonomy(("vehicle", "car", "sedan", "bus", "tree"), (-1, 0, 1, 0, -1))
FORMS: dict[str, str] = {
    "two spaces": "vehicle\n  car\n    sedan\n  bus\ntree\n",
    "tabs": "vehicle\n\tcar\n\t\tsedan\n\tbus\n\ntree",
    "four spaces": "vehicle\r\n    car  \r\n        sedan\r\n    bus\r\ntree\r\n",
    "nested": '[{"name": "vehicle", "children": [{"name": "car", "children": ["sedan"]}, {"name": "bus", "children": []}]}, "tree"]',
    "by parent": json.dumps({"vehicle": ["car", "bus"], "car": ["sedan"], "tree": []}),
    "pairs": json.dumps([["car", "vehicle"], ["sedan", "car"], ["bus", "vehicle"], ["tree", None]]),
    "records": json.dumps(
        [
            {"synset": "n1", "name": "vehicle", "hypernym": None},
            {"synset": "n2", "name": "car", "hypernym": "n1"},
            {"synset": "n3", "name": "sedan", "hypernyms": ["n2"]},
            {"synset": "n4", "name": "bus", "hypernym": "n1"},
            {"synset": "n5", "name": "tree"},
        ]
    ),
    "records by id": json.dumps(
        {"n1": {"name": "vehicle"}, "n2": {"name": "car", "hypernym": "n1"}, "n3": {"name": "sedan", "hypernym": "car"}, "n4":
         {"name": "bus", "hypernym": "n1"}, "n5": {"name": "tree"}}
    ),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_every_form_says_the_same_tree(form: str) -> None:
    assert parse_taxonomy(FORMS[form], form) == TREE


def test_a_single_name_on_top_may_stand_alone_in_json() -> None:
    nested = '{"name": "vehicle", "children": [{"name": "car"}, {"name": "bus"}]}'
    assert parse_taxonomy(nested, "t.json") == parse_taxonomy("vehicle\n  car\n  bus", "t.txt")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_file_is_read_in_any_encoding(tmp_path: Any, encoding: str) -> None:
    (tmp_path / "taxonomy.txt").write_bytes("Gefährt\n  Löwe".encode(encoding))
    assert read_taxonomy(tmp_path / "taxonomy.txt").names == ("Gefährt", "Löwe")


names = st.text(st.characters(categories=("L", "N", "P", "S")), min_size=1, max_size=8).map(
    lambda text: unicodedata.normalize("NFC", text).strip()
)
sound = names.filter(lambda name: bool(name_key(name)) and name[0] not in "{[" and name.isprintable())


@given(st.data())
def test_a_written_tree_is_read_as_it_was(data: st.DataObject) -> None:
    chosen = data.draw(st.lists(sound, min_size=1, max_size=12, unique_by=name_key))
    pairs = [(name, None if place == 0 else data.draw(st.sampled_from([None, *chosen[:place]]))) for place, name in enumerate(chosen)]
    tree = Taxonomy.from_pairs(pairs, source="made")
    assert sorted(tree.names) == sorted(chosen)
    assert {name: None if parent < 0 else tree.names[parent] for name, parent in zip(tree.names, tree.parent, strict=True)} == dict(pairs)
    again = parse_taxonomy(tree.to_text(), "again")
    assert again == tree and again.version == tree.version


LADDER = "\n".join(f"{'  ' * level}n{level}" for level in range(MAX_DEPTH + 1))
WRONG: list[tuple[str, str, str]] = [
    ("empty", " \n\n", "holds no names"),
    ("between levels", "a\n  b\n   c", r"line 3: 'c' is indented by 3 spaces; expected whole steps of 2 spaces"),
    ("mixed", "a\n  b\n\tc", r"line 3: 'c' is indented by 1 tab; expected whole steps of 2 spaces"),
    ("two levels at once", "a\n  b\n      c", r"line 3: 'c' is 2 levels deeper than 'b' above it; expected one"),
    ("indented at the top", "  a\n  b", r"line 1: 'a' is indented below nothing"),
    ("twice", "a\n  b\nc\n  b", r"line 4: 'b' is in line 2 already"),
    ("alike", "a\n  traffic_light\n  Traffic Light", "'traffic_light' and 'Traffic Light' differ in case or separators only"),
    ("too deep", LADDER, f"'n{MAX_DEPTH}' is {MAX_DEPTH + 1} levels deep"),
    ("too long", "a\n  " + "b" * 201, "1 to 200 printable characters"),
    ("no letter", "a\n  --", "a letter or digit"),
    ("not printable", "a\n  b\x07", "printable"),
    ("broken", '{"a": [', "begins like JSON and is none"),
    ("two parents", '[["b", "a"], ["b", "c"]]', "'b' lies under both 'a' and 'c'"),
    ("two parents by parent", '{"a": ["b"], "c": ["b"]}', "'b' lies under both 'a' and 'c'"),
    ("ring", '[["a", "c"], ["b", "a"], ["c", "b"], ["d", null]]', "'a' under 'c' under 'b' under 'a': a ring"),
    ("itself", '[["a", "a"]]', "'a' under 'a': a ring"),
    ("nested twice", '{"name": "a", "children": ["b", {"name": "c", "children": ["b"]}]}', "'b' occurs twice"),
    ("children no list", '{"name": "a", "children": "b"}', '"children" of \'a\' must be a list'),
    ("no name", '[{"label": "a"}]', "expected a name, got null"),
    ("a number under it", '{"a": 3}', "'a' has 3 under it; expected a list of names"),
    ("nested objects", '{"a": {"b": {}}}', "'a' has .* under it; expected a list of names"),
    ("stated twice", '{"a": ["b"], "a": ["c"]}', "'a' is stated twice in one object"),
    ("a triple", '[["a", "b", "c"]]', r"pair 1 has 3 entries; expected \[child, parent\]"),
    ("record without name", '[{"hypernym": "a"}]', "record 1 has no"),
    ("records alike", '[{"id": "x", "hypernym": "a"}, {"id": "x", "name": "b"}]', "two records are called 'x'"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "sentence"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
def test_what_is_wrong_is_said_in_one_sentence(text: str, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence) as caught:
        parse_taxonomy(text, "t.txt")
    assert str(caught.value).startswith("t.txt") and "\n" not in str(caught.value)


def test_too_many_names_are_refused() -> None:
    with pytest.raises(DataError, match=f"more than {MAX_NAMES:,} names"):
        parse_taxonomy("\n".join(f"n{number}" for number in range(MAX_NAMES + 1)), "t.txt")


def test_deep_json_is_refused_in_words() -> None:
    with pytest.raises(DataError, match=r"levels deep|is none"):
        parse_taxonomy('{"name": "a", "children": [' * 5000 + "]}" * 5000, "t.json")


def test_of_several_hypernyms_the_first_counts_and_shared_names_get_their_ids() -> None:
    notes: list[str] = []
    records = [
        {"synset": "n1", "name": "crane", "hypernyms": ["n3", "n4"]}, {"synset": "n2", "name": "crane", "hypernyms": ["n4"]},
        {"synset": "n3", "name": "bird"}, {"synset": "n4", "name": "machine"},
    ]  # fmt: skip
    tree = parse_taxonomy(json.dumps(records), "w.json", notes)
    assert tree.to_text() == "bird\n  crane (n1)\nmachine\n  crane (n2)\n"
    assert notes == [
        "w.json: of several hypernyms the first counts (1 records)",
        "w.json: behind names that several records share stand their ids (2 records)",
    ]
