"""A view at a level of the class tree: names, colours, groups and filters follow, points and distances stay."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from hypviz.data.formats.taxonomy import parse_taxonomy
from hypviz.errors import DataError, SelectionError
from hypviz.explore.level_view import at_level
from hypviz.explore.library import Library
from hypviz.explore.view import View
from hypviz.server.api import Endpoints
from hypviz.viz.disk import unpack
from hypviz.workspace.class_trees import write_taxonomy_of
from tests.worlds import TinyWorld


def two_level_tree(classes: tuple[str, ...]) -> tuple[str, dict[str, str]]:
    """A class tree of three groups, one class left out; and the group of each class by its own name."""
    group_of = {name: f"group {place % 3}" for place, name in enumerate(classes[:-1])}
    lines = ["all"]
    for group in ("group 0", "group 1", "group 2"):
        lines += [f"  {group}", *(f"    {name.upper()}" for name, own in group_of.items() if own == group)]
    return "\n".join(lines), group_of | {classes[-1]: classes[-1], "scene": "scene"}


@pytest.fixture(scope="module")
def library(tiny_world: TinyWorld, tmp_path_factory: pytest.TempPathFactory) -> Library:
    world = tiny_world.copy(tmp_path_factory.mktemp("levels") / "world")
    made = Library(device="cpu", extra={"data": world.workspace})
    made.add_checkpoint(str(tiny_world.checkpoint))
    text, _ = two_level_tree(made.workspace("data").items.classes)
    write_taxonomy_of(world.workspace, parse_taxonomy(text, "made"))
    return made


@pytest.fixture(scope="module")
def view(library: Library) -> View:
    opened = library.open("data", "tiny")
    opened.points()  # its colours are there before those of any level
    return opened


@pytest.fixture(scope="module")
def group_of(view: View) -> dict[str, str]:
    return two_level_tree(view.items.classes)[1]


def test_every_item_has_the_name_of_its_class_at_the_level(view: View, group_of: dict[str, str]) -> None:
    shown = at_level(view, 1)
    assert [shown.items.name(row) for row in range(len(view.items))] == [group_of[view.items.name(row)] for row in range(len(view.items))]
    row = int(np.flatnonzero(~view.items.is_scene)[3])
    assert shown.select({"row": row})["picture"]["title"] == group_of[view.items.name(row)]
    assert shown.describe()["classes"] == 4


def test_points_stay_where_they_are_in_other_colours(view: View) -> None:
    before, after = unpack(view.points()), unpack(at_level(view, 1).points())
    for column in ("angle", "radius", "drawn", "image"):
        np.testing.assert_array_equal(before[1][column], after[1][column])
    names = {one["name"] for one in after[0]["branches"]}
    assert names <= {"scene", "group 0", "group 1", "group 2", view.items.classes[-1]} and len(after[0]["classes"]) == 4
    assert before[0]["classes"] == list(view.items.classes)


def test_the_cone_is_the_same_and_its_cards_are_one_a_name(view: View, group_of: dict[str, str]) -> None:
    start = {"row": view.disks.start}
    fine, coarse = view.select(start), at_level(view, 1).select(start)
    assert coarse["members"] == fine["members"] and coarse["radius"] == fine["radius"]
    for one, other in zip(fine["elsewhere"]["bands"], coarse["elsewhere"]["bands"], strict=True):
        summed = Counter[str]()
        for card in one["classes"]:
            summed[group_of[card["label"]]] += card["count"]
        assert {card["label"]: card["count"] for card in other["classes"]} == summed


def test_counts_and_filters_are_of_the_level(view: View, group_of: dict[str, str]) -> None:
    shown = at_level(view, 1)
    summed = Counter[str]()
    for one in view.queries.find({})["facets"]["classes"]:
        summed[group_of[one["name"]]] += one["count"]
    found = shown.queries.find({})["facets"]["classes"]
    assert {one["name"]: one["count"] for one in found} == summed
    first = found[0]
    assert shown.queries.find({"classes": [first["value"]]})["total"] == first["count"]
    assert {one["name"]: one["all"] for one in shown.queries.histograms({})["classes"]} == summed
    exported = json.loads(shown.queries.export({"rows": [1]}, "json").data)
    assert "level 1 of the class tree" in json.dumps(exported)


def test_the_page_is_told_of_levels_and_names(view: View) -> None:
    tree = view.describe()["tree"]
    assert (tree["level"], [one["level"] for one in tree["levels"]], tree["problem"]) == (0, [1], "")
    assert tree["levels"][0]["classes"] == 4
    assert [node["name"] for node in tree["nodes"] if node["parent"] < 0] == ["group 0", "group 1", "group 2"]
    assert {node["class"] for node in tree["nodes"]} == {-1, *range(len(view.items.classes) - 1)}
    level = at_level(view, 1).describe()["tree"]
    assert level["level"] == 1 and level["levels"] == tree["levels"] and all(node["class"] >= 0 for node in level["nodes"])


def test_a_key_names_level_and_tree(library: Library, view: View) -> None:
    shown = at_level(view, 1)
    assert library.view(shown.key) is shown and library.view(view.key) is view and at_level(shown, 0) is view
    for added in ("~1-00000000", "~2-" + shown.key[-8:], "~x"):
        with pytest.raises((SelectionError, DataError), match=r"has changed|no level 2"):
            library.view(view.key + added)


def test_what_changes_the_tree_ends_the_old_key(tiny_world: TinyWorld, tmp_path: Path) -> None:
    world = tiny_world.copy(tmp_path / "world")
    library = Library(device="cpu", extra={"data": world.workspace})
    view = library.open("data", str(tiny_world.checkpoint))
    assert view.describe()["tree"] is None
    with pytest.raises(DataError, match="no class tree"):
        at_level(view, 1)
    text, _ = two_level_tree(view.items.classes)
    write_taxonomy_of(world.workspace, parse_taxonomy(text, "made"))
    key = at_level(view, 1).key
    write_taxonomy_of(world.workspace, parse_taxonomy(text.replace("group 0", "kind"), "made"))
    with pytest.raises(SelectionError, match="class tree of these data has changed"):
        library.view(key)
    (world.workspace / "taxonomy.txt").write_text("a\n    b\n  c")
    assert "cannot be read" in view.describe()["tree"]["problem"] and view.describe()["tree"]["levels"] == []


def test_the_api_answers_at_a_level(library: Library, view: View, group_of: dict[str, str]) -> None:
    endpoints = Endpoints(library)
    item = str(view.items.item_id[view.disks.start])
    fine, coarse = (endpoints.search("data", "tiny", item=item, lists=["nearest"], level=level) for level in (0, 1))
    assert [one["id"] for one in coarse["nearest"]] == [one["id"] for one in fine["nearest"]]
    assert [one["label"] for one in coarse["nearest"]] == [group_of[one["label"]] for one in fine["nearest"]]
