"""Checks of the annotations: hand-made cases, plain loops over random boxes, and real photographs."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hypviz.config import HierarchySettings
from hypviz.data.hierarchy import Edges, Hierarchy, build_hierarchy
from hypviz.data.items import Items
from hypviz.errors import SettingsError
from hypviz.health import Check, Health, HealthSettings, health_report
from tests.data.box_worlds import LabelledBox, make_items, random_items, read_coco

HOUSE, DOOR, HANDLE, TREE = range(4)


def report(items: Items, settings: HealthSettings | None = None, **options: float) -> Health:
    return health_report(items, build_hierarchy(items, HierarchySettings(**options)), None, settings=settings)


def check(boxes: list[list[LabelledBox]], key: str, settings: HealthSettings | None = None) -> Check:
    return report(make_items(boxes, classes=6), settings).find(key)


def test_one_object_labelled_twice_and_one_place_with_two_names() -> None:
    boxes = [[(HOUSE, 0, 0, 50, 50), (HOUSE, 0, 0, 50, 48), (DOOR, 60, 60, 90, 90), (TREE, 60, 60, 90, 90), (TREE, 0, 60, 30, 90)]]
    same, other = check(boxes, "duplicate_same"), check(boxes, "duplicate_other")
    assert same.rows.tolist() == [[1, 2]] and same.values.tolist() == [pytest.approx(48 / 50)]
    assert other.rows.tolist() == [[3, 4]] and other.values.tolist() == [1.0]
    assert other.details == ("class 1 / class 3: 1",)
    assert same.of == 5


def test_a_cycle_of_two_classes_shows_the_rarer_direction() -> None:
    door_in_house = [(HOUSE, 0, 0, 80, 80), (DOOR, 10, 10, 30, 50)]
    house_in_door = [(DOOR, 0, 0, 80, 80), (HOUSE, 10, 10, 30, 50)]
    found = check([door_in_house, house_in_door, door_in_house, door_in_house], "class_cycle")
    assert found.rows.tolist() == [[4, 5]] and found.values.tolist() == [1.0] and found.of == 4
    assert found.details == ("class 0 inside class 1: 1 times; the other way round: 3 times",)


def test_a_cycle_by_way_of_a_third_class_is_found() -> None:
    def inside(outer: int, inner: int) -> list[LabelledBox]:
        return [(outer, 0, 0, 80, 80), (inner, 10, 10, 30, 50)]

    chain = [inside(HOUSE, DOOR)] * 3 + [inside(DOOR, HANDLE)] * 2
    assert check(chain, "class_cycle").count == 0
    found = check([*chain, inside(HANDLE, HOUSE)], "class_cycle")
    assert found.rows.tolist() == [[16, 17]]
    assert found.details == ("class 0 inside class 2: 1 times; the other way round: 0 times",)


def test_a_class_inside_itself_is_no_cycle_of_classes() -> None:
    boxes = [[(TREE, 0, 0, 80, 80), (TREE, 10, 10, 50, 50)]]
    assert check(boxes, "class_cycle").count == 0
    found = check(boxes, "class_in_itself")
    assert found.rows.tolist() == [[1, 2]] and found.values.tolist() == [0.25]


def test_a_part_without_its_object_is_an_orphan() -> None:
    whole: list[LabelledBox] = [(HOUSE, 0, 0, 80, 80), (DOOR, 10, 10, 30, 50)]
    alone: list[LabelledBox] = [(DOOR, 10, 10, 30, 50)]
    found = check([whole, whole, alone, whole], "orphan")
    assert found.rows.tolist() == [7] and found.values.tolist() == [0.75]  # three of four doors are in a house
    assert check([whole, alone, alone], "orphan").count == 0  # most doors stand alone: that is how doors are
    assert check([whole, alone, alone], "orphan", HealthSettings(orphan_share=0)).count == 2
    assert check([[(TREE, 0, 0, 9, 9)]], "orphan", HealthSettings(orphan_share=0)).count == 0


def test_boxes_too_small_for_pairs_are_no_orphans() -> None:
    whole: list[LabelledBox] = [(HOUSE, 0, 0, 80, 80), (DOOR, 10, 10, 30, 50)]
    items = make_items([whole, whole, [(DOOR, 10, 10, 14, 14)]], classes=6)
    assert report(items).find("orphan").count == 1
    assert report(items, min_box_px=8).find("orphan").count == 0


def test_classes_that_never_meet_another_are_lonely() -> None:
    found = check([[(HOUSE, 0, 0, 80, 80), (DOOR, 10, 10, 30, 50), (TREE, 85, 0, 99, 50)], [(TREE, 0, 0, 9, 9)]], "lonely")
    assert found.rows.tolist() == [3, 5] and found.values.tolist() == [2.0, 2.0]
    assert found.details == ("class 3: 2",)


def test_sizes_counts_and_empty_pictures() -> None:
    boxes = [[(HOUSE, 0, 0, 100, 95), (DOOR, 0, 0, 5, 50), (DOOR, 0, 0, 50, 3), (TREE, 0, 0, 16, 16)], []]
    assert check(boxes, "tiny").rows.tolist() == [3, 2] and check(boxes, "tiny").values.tolist() == [3.0, 5.0]
    assert check(boxes, "tiny", HealthSettings(tiny_px=17)).rows.tolist() == [3, 2, 4]
    assert check(boxes, "whole_image").rows.tolist() == [1]
    assert check(boxes, "whole_image").values.tolist() == [pytest.approx(0.95)]
    assert check(boxes, "seen_once").rows.tolist() == [1, 4] and check(boxes, "seen_once").of == 3
    assert check(boxes, "empty_image").rows.tolist() == [5] and check(boxes, "empty_image").of == 2


def test_a_relation_turned_round_in_the_tables_is_found() -> None:
    items = make_items([[(HOUSE, 0, 0, 80, 80), (DOOR, 10, 10, 30, 50)]])
    whole = build_hierarchy(items, HierarchySettings())
    assert health_report(items, whole, None).find("item_cycle").count == 0
    edges = whole.edges
    turned = Edges(np.append(edges.parent, np.int32(2)), np.append(edges.child, np.int32(1)), np.append(edges.direct, True))
    found = health_report(items, Hierarchy(turned, whole.depth, whole.duplicate, {}), None).find("item_cycle")
    assert found.rows.tolist() == [[2, 1]] and found.severity == "error"


@pytest.mark.parametrize("seed", range(4))
def test_random_boxes_agree_with_plain_loops(seed: int) -> None:
    items = random_items(seed, 12, 9)
    hierarchy = build_hierarchy(items, HierarchySettings())
    health = health_report(items, hierarchy, None)
    boxes = [row for row in range(len(items)) if not items.is_scene[row]]
    pairs = [(p, c) for p in boxes for c in hierarchy.descendants_of(p).tolist()]
    held = {c for _, c in pairs}
    number, inside = Counter(items.name(row) for row in boxes), Counter(items.name(row) for row in held)
    alone = [row for row in boxes if row not in held and inside[items.name(row)] >= max(1, 0.5 * number[items.name(row)])]
    assert sorted(health.find("orphan").rows.tolist()) == alone
    own = [[p, c] for p, c in pairs if items.label[p] == items.label[c]]
    assert sorted(health.find("class_in_itself").rows.tolist()) == own
    same = [[int(a), int(b)] for a, b in hierarchy.duplicate if items.label[a] == items.label[b]]
    assert sorted(health.find("duplicate_same").rows.tolist()) == same
    # Without the listed pairs no class is left under itself: a topological order exists.
    listed = {tuple(pair) for pair in health.find("class_cycle").rows.tolist()}
    kept = {(items.name(p), items.name(c)) for p, c in pairs if (p, c) not in listed and items.name(p) != items.name(c)}
    left = set(number)
    while left:
        free = {name for name in left if not any(c == name and p in left for p, c in kept)}
        assert free, f"a cycle is left among {left}"
        left -= free
    for found in health.checks:
        assert len(found.values) == found.count
        ascending = found.key in ("class_cycle", "tiny")
        assert (np.diff(found.values) * (1 if ascending else -1) >= 0).all()


def test_real_photographs_have_findings_that_their_boxes_bear_out(shared_data: Path) -> None:
    items, _ = read_coco(shared_data / "photos")
    health = report(items)
    assert health.find("item_cycle").count == 0
    for row in health.find("tiny").rows[:50].tolist():
        x1, y1, x2, y2 = items.xyxy[row].tolist()
        assert min(x2 - x1, y2 - y1) < 16
    for large, small in health.find("class_in_itself").rows[:50].tolist():
        assert items.label[large] == items.label[small] and items.image[large] == items.image[small]
    assert health.find("tiny").count > 0 and health.find("class_in_itself").count > 0
    assert "# Hierarchy health" in health.to_markdown(limit=2)


def test_nothing_to_find_is_said_too() -> None:
    health = report(make_items([[]]))
    assert {found.key: found.count for found in health.checks if found.count} == {"empty_image": 1}
    assert health.notes == ("Vectors were not checked: no embedding was given.",) and health.omega is None
    assert "no embedding was given" in health.to_markdown()


def test_a_share_beyond_one_is_refused() -> None:
    with pytest.raises(SettingsError, match="whole_share must be between"):
        HealthSettings(whole_share=1.5)
    with pytest.raises(SettingsError, match="orphan_share"):
        HealthSettings(orphan_share=-1)
    with pytest.raises(KeyError, match="No check 'dog'; there is item_cycle"):
        report(make_items([[]])).find("dog")


def test_a_report_says_how_many_of_how_many_it_shows() -> None:
    items = replace(make_items([[(DOOR, 0, 0, 5 + n, 5) for n in range(8)]], classes=6))
    health = report(items)
    assert "The first 3 of 8, worst first:" in health.to_markdown(limit=3)
    entry = next(entry for entry in health.to_json(limit=3)["checks"] if entry["key"] == "tiny")
    assert (entry["count"], entry["shown"], len(entry["rows"]), len(entry["values"])) == (8, 3, 3, 3)
    assert entry["ids"] == items.item_id[entry["rows"]].tolist()
    whole = next(entry for entry in health.to_json()["checks"] if entry["key"] == "tiny")
    assert whole["shown"] == 8 and math.isclose(whole["values"][0], 5)
