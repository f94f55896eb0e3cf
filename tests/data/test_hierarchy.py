"""The hierarchy from boxes: method.md §1 rule by rule, against a slow reference, and on photographs."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from hypviz.config import HierarchySettings
from hypviz.data import containment, hierarchy
from hypviz.data.hierarchy import Hierarchy, build_hierarchy, class_graph, scene_classes
from hypviz.data.items import Items
from tests.data.box_worlds import LabelledBox, make_items, random_items, read_coco

DEFAULT = HierarchySettings()


def build(*boxes: LabelledBox, **settings: float) -> Hierarchy:
    """The hierarchy of one image of 100 × 100: row 0 is the scene, row k the k-th box."""
    return build_hierarchy(make_items([list(boxes)]), HierarchySettings(**settings))


def edges_of(built: Hierarchy) -> list[tuple[int, int]]:
    return list(zip(built.edges.parent.tolist(), built.edges.child.tolist(), strict=True))


def direct_of(built: Hierarchy) -> list[tuple[int, int]]:
    return [edge for edge, direct in zip(edges_of(built), built.edges.direct, strict=True) if direct]


# --- rules, by hand


def test_a_chain_of_four_has_every_ancestor_and_one_direct_parent_each() -> None:
    built = build((0, 0, 0, 60, 60), (1, 5, 5, 40, 40), (2, 10, 10, 30, 30), (3, 12, 12, 20, 20))
    assert edges_of(built) == list(combinations(range(5), 2))
    assert direct_of(built) == [(0, 1), (1, 2), (2, 3), (3, 4)]
    assert built.depth.tolist() == [0, 1, 2, 3, 4]


def test_the_queries_agree_with_the_edges_of_a_branching_scene() -> None:
    built = build((0, 0, 0, 60, 60), (1, 5, 5, 40, 40), (2, 10, 10, 30, 30), (1, 45, 45, 55, 55), (4, 70, 70, 90, 90))
    assert built.children_of(0).tolist() == [1, 5]
    assert built.children_of(1).tolist() == [2, 4]
    assert built.descendants_of(1).tolist() == [2, 3, 4]
    assert built.descendants_of(5).tolist() == []
    assert built.parents_of(3).tolist() == [2]
    assert built.ancestors_of(3).tolist() == [0, 1, 2]
    assert built.parents_of(0).tolist() == []
    assert built.is_related(1, 3) and built.is_related(3, 1)
    assert not built.is_related(3, 4) and not built.is_related(3, 3)


def test_a_box_in_two_overlapping_boxes_has_two_direct_parents() -> None:
    built = build((0, 0, 0, 60, 60), (1, 30, 0, 99, 60), (2, 40, 10, 50, 20))
    assert built.parents_of(3).tolist() == [1, 2]
    assert built.depth.tolist() == [0, 1, 1, 2]


@pytest.mark.parametrize(("right", "inside"), [(79, False), (80, True), (81, True)])
def test_exactly_four_fifths_of_the_smaller_box_is_inside_enough(right: int, inside: bool) -> None:
    built = build((0, 0, 0, right, 100), (1, 0, 0, 100, 1))
    assert built.is_related(1, 2) is inside


def test_four_fifths_counts_on_coordinates_that_float32_cannot_hold() -> None:
    boxes = [(0, 0.1, 0.1, 0.1 + 8 * step, 90.1) for step in (0.1, 0.7, 1.1)]
    for outer, step in zip(boxes, (0.1, 0.7, 1.1), strict=True):
        assert build(outer, (1, 0.1, 0.3, 0.1 + 10 * step, 0.4)).is_related(1, 2)


def test_the_share_is_of_the_smaller_box_not_of_the_union() -> None:
    assert build((0, 0, 0, 100, 50), (1, 3, 3, 5, 5)).is_related(1, 2)


def test_of_boxes_with_equal_areas_the_earlier_row_is_the_parent() -> None:
    built = build((0, 0, 0, 20, 50), (1, 2, 0, 22, 50), duplicate_iou=0.95)
    assert built.children_of(1).tolist() == [2]
    assert built.children_of(2).tolist() == []


def test_duplicates_are_listed_once_and_share_their_relatives_but_are_no_pair() -> None:
    built = build((0, 0, 0, 60, 60), (1, 10, 10, 50, 50), (1, 10, 10, 50, 49), (2, 20, 20, 30, 30))
    assert built.duplicate.tolist() == [[2, 3]]
    assert not built.is_related(2, 3)
    assert built.parents_of(4).tolist() == [2, 3]
    assert built.ancestors_of(3).tolist() == [0, 1]
    assert built.depth.tolist() == [0, 1, 2, 2, 3]
    assert built.counts["duplicates"] == 1


def test_duplicates_are_no_pair_even_by_way_of_a_third_box() -> None:
    # a ⊃ b ⊃ c by area and share, a and c share 0.9 of their union, a and b as well as b and c less.
    a, b, c = (0, 0, 0, 90, 90), (1, 0, 5, 89, 95), (2, 0, 0, 86, 90)
    built = build(a, b, c, duplicate_iou=0.9)
    assert built.duplicate.tolist() == [[1, 3]]
    assert edges_of(built) == [(0, 1), (0, 2), (0, 3), (1, 2), (2, 3)]
    assert direct_of(built) == [(0, 1), (1, 2), (2, 3)]


def test_ancestors_are_the_closure_of_containment_which_is_not_transitive() -> None:
    # 80 % of b in a and 80 % of c in b, but only half of c in a
    built = build((0, 0, 0, 50, 100), (1, 40, 0, 52, 50), (2, 43, 0, 53, 10))
    assert built.is_related(1, 2) and built.is_related(2, 3)
    assert built.is_related(1, 3)


def test_a_small_box_is_an_item_of_depth_one_without_any_pair() -> None:
    built = build((0, 0, 0, 60, 60), (1, 10, 10, 50, 17.9), (2, 10, 20, 18, 28), min_box_px=8)
    assert edges_of(built) == [(0, 1), (0, 3), (1, 3)]
    assert built.depth.tolist() == [0, 1, 1, 2]
    assert built.counts["small"] == 1


def test_a_box_that_covers_the_picture_stays_a_child_of_its_scene() -> None:
    built = build((0, 0, 0, 100, 100), (1, 0, 0, 100, 95), (2, 10, 10, 20, 20))
    assert built.children_of(0).tolist() == [1, 2]
    assert built.duplicate.tolist() == [[1, 2]]
    assert built.counts["scene_like"] == 2


def test_boxes_of_different_images_never_relate() -> None:
    items = make_items([[(0, 0, 0, 90, 90)], [], [(1, 10, 10, 20, 20)]])
    assert edges_of(build_hierarchy(items, DEFAULT)) == [(0, 1), (3, 4)]


def test_images_without_boxes_make_an_empty_hierarchy() -> None:
    built = build_hierarchy(make_items([[], []]), DEFAULT)
    assert len(built.edges) == 0
    assert built.depth.tolist() == [0, 0]
    assert built.children_of(0).tolist() == [] == built.parents_of(1).tolist()


def test_what_was_found_is_counted_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", logger="hypviz.data.hierarchy"):
        built = build((0, 0, 0, 60, 60), (1, 5, 5, 40, 40), (2, 10, 10, 30, 30))
    wanted = {"images": 1, "boxes": 3, "scene_box": 3, "box_box": 3, "direct": 3, "duplicates": 0, "small": 0}
    assert built.counts.items() >= wanted.items()
    assert "box_box 3" in caplog.text


# --- against a slow reference and laws


@dataclass
class Reference:
    edges: list[tuple[int, int]]
    direct: list[tuple[int, int]]
    depth: list[int]
    duplicate: set[frozenset[int]]


def slow_hierarchy(items: Items, settings: HierarchySettings) -> Reference:
    """Rule by rule in exact arithmetic, for boxes on whole pixels."""
    share, iou = Fraction(str(settings.min_overlap)), Fraction(str(settings.duplicate_iou))
    boxes = [[int(value) for value in box] for box in items.xyxy]

    def area(row: int) -> int:
        x1, y1, x2, y2 = boxes[row]
        return (x2 - x1) * (y2 - y1)

    def shared(a: int, b: int) -> int:
        width = min(boxes[a][2], boxes[b][2]) - max(boxes[a][0], boxes[b][0])
        height = min(boxes[a][3], boxes[b][3]) - max(boxes[a][1], boxes[b][1])
        return max(width, 0) * max(height, 0)

    def takes_part(row: int) -> bool:
        x1, y1, x2, y2 = boxes[row]
        return not items.is_scene[row] and min(x2 - x1, y2 - y1) >= settings.min_box_px

    inside: dict[int, set[int]] = {row: set() for row in range(len(items))}
    twins = set()
    used = [row for row in range(len(items)) if takes_part(row)]
    for a, b in ((a, b) for a in used for b in used if a != b and items.image[a] == items.image[b]):
        if shared(a, b) >= iou * (area(a) + area(b) - shared(a, b)):
            twins.add(frozenset((a, b)))
        elif (area(a), -a) > (area(b), -b) and shared(a, b) >= share * area(b):
            inside[a].add(b)
    for row in used:
        inside[int(items.offsets[items.image[row]])].add(row)

    def reach(row: int) -> set[int]:
        return inside[row].union(*(reach(child) for child in inside[row]))

    below = {row: {child for child in reach(row) if frozenset((row, child)) not in twins} for row in inside}

    def longest(a: int, b: int) -> int:
        return max(1 + longest(child, b) if child != b else 1 for child in below[a] if child == b or b in reach(child))

    edges = [(a, b) for a in below for b in sorted(below[a])]
    depth = [
        0 if items.is_scene[row] else longest(int(items.offsets[items.image[row]]), row) if row in used else 1 for row in range(len(items))
    ]
    return Reference(edges, [(a, b) for a, b in edges if longest(a, b) == 1], depth, twins)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(
    "settings",
    [DEFAULT, HierarchySettings(min_overlap=0.6, duplicate_iou=0.7), HierarchySettings(min_box_px=4)],
    ids=["default", "loose", "min_box"],
)
def test_the_hierarchy_equals_the_slow_reference(seed: int, settings: HierarchySettings, monkeypatch: pytest.MonkeyPatch) -> None:
    if seed % 2:  # many small blocks give the same result as one large
        monkeypatch.setattr(hierarchy, "BLOCK_COST", 20)
        monkeypatch.setattr(containment, "PAIRS_AT_ONCE", 7)
    items = random_items(seed, images=25, most_boxes=9)
    built, slow = build_hierarchy(items, settings), slow_hierarchy(items, settings)
    assert edges_of(built) == slow.edges
    assert direct_of(built) == slow.direct
    assert built.depth.tolist() == slow.depth
    assert {frozenset(pair) for pair in built.duplicate.tolist()} == slow.duplicate
    assert len(built.duplicate) == len(slow.duplicate)
    assert built.duplicate.tolist() == sorted(built.duplicate.tolist())


def test_the_random_worlds_hold_what_the_reference_test_is_about() -> None:
    built = build_hierarchy(random_items(1, images=25, most_boxes=9), HierarchySettings(0.6, 0.7))
    assert built.counts["duplicates"] > 5 and built.depth.max() >= 3
    assert built.counts["box_box"] > 30


@pytest.fixture(scope="module")
def crowd() -> tuple[Items, Hierarchy]:
    items = random_items(11, images=40, most_boxes=60)
    return items, build_hierarchy(items, DEFAULT)


def test_relations_go_from_larger_to_smaller_so_they_are_acyclic(crowd: tuple[Items, Hierarchy]) -> None:
    items, built = crowd
    area = containment.box_areas(items.xyxy)
    parent, child = built.edges.parent, built.edges.child
    among_boxes = ~items.is_scene[parent]
    assert np.all(area[parent] >= area[child])
    tie = among_boxes & (area[parent] == area[child])
    assert tie.any() and np.all(parent[tie] < child[tie])


def test_edges_are_sorted_unique_and_within_one_image(crowd: tuple[Items, Hierarchy]) -> None:
    items, built = crowd
    edges = edges_of(built)
    assert edges == sorted(set(edges))
    assert np.array_equal(items.image[built.edges.parent], items.image[built.edges.child])


def test_an_ancestor_of_an_ancestor_is_an_ancestor_unless_a_duplicate(crowd: tuple[Items, Hierarchy]) -> None:
    _, built = crowd
    edges = set(edges_of(built))
    twins = {frozenset(pair) for pair in built.duplicate.tolist()}
    for a, b in edges:
        for c in built.descendants_of(b).tolist():
            assert (a, c) in edges or frozenset((a, c)) in twins


def test_depth_grows_by_one_along_some_direct_edge_and_by_at_least_one_along_all(
    crowd: tuple[Items, Hierarchy],
) -> None:
    items, built = crowd
    step = built.depth[built.edges.child] - built.depth[built.edges.parent]
    assert step.min() >= 1
    closest = np.full(len(items), np.iinfo(np.int16).max)
    np.minimum.at(closest, built.edges.child[built.edges.direct], step[built.edges.direct])
    assert np.all(closest[~items.is_scene] == 1)


def test_every_edge_is_a_path_of_direct_edges(crowd: tuple[Items, Hierarchy]) -> None:
    items, built = crowd
    for row in np.flatnonzero(items.is_scene).tolist():
        reached: set[int] = set()
        frontier = {row}
        while frontier:
            frontier = {int(child) for at in frontier for child in built.children_of(at)} - reached
            reached |= frontier
        assert reached == set(built.descendants_of(row).tolist())


def test_direct_is_the_transitive_reduction_where_duplicates_are_joined_through_other_boxes() -> None:
    """Boxes that nearly coincide: pairs of duplicates are no edges, and many are joined by a path through a third box.

    An edge is direct when no other path of edges leads from its parent to its child, here by walking all of them.
    """
    rng = np.random.default_rng(0)
    crowds = []
    for _ in range(400):
        low, side = rng.integers(0, 12, (8, 2)), rng.integers(60, 88, (8, 2))
        crowds.append([(0, *map(float, box)) for box in np.concatenate([low, np.minimum(low + side, 100)], axis=1).tolist()])
    built = build_hierarchy(make_items(crowds), HierarchySettings(duplicate_iou=0.8))
    below: dict[int, set[int]] = {}
    for parent, child in edges_of(built):
        below.setdefault(parent, set()).add(child)

    def reached(start: int, without: int) -> set[int]:
        seen: set[int] = set()
        waiting = list(below.get(start, set()) - {without})
        while waiting:
            row = waiting.pop()
            if row not in seen:
                seen.add(row)
                waiting += below.get(row, ())
        return seen

    slow = [edge for edge in edges_of(built) if edge[1] not in reached(*edge)]
    joined = sum(int(b) in reached(int(a), -1) for a, b in built.duplicate)
    assert joined > 50  # or this would be about nothing
    assert direct_of(built) == slow


# --- classes


HOUSE_DOOR = [(0, 0, 0, 60, 60), (1, 10, 10, 40, 40)]
DOOR_HANDLE = [(1, 0, 0, 60, 60), (2, 10, 10, 40, 40)]


def test_the_class_graph_is_what_was_seen_and_joins_nothing_over_pictures() -> None:
    items = make_items([HOUSE_DOOR, DOOR_HANDLE, [(3, 0, 0, 60, 60), (3, 10, 10, 40, 40)]], classes=5)  # person > person
    graph = class_graph(items, build_hierarchy(items, DEFAULT))
    assert np.argwhere(graph).tolist() == [[0, 1], [1, 2], [3, 3]]


def test_the_class_graph_is_closed_within_a_picture_even_where_a_part_barely_overlaps_the_outermost() -> None:
    # The handle lies to 80 % in the door and the door to 80 % in the house, yet the handle lies outside the house.
    items = make_items([[(0, 0, 0, 80, 80), (1, 48, 0, 88, 40), (2, 80, 10, 90, 20)]], classes=3)
    graph = class_graph(items, build_hierarchy(items, DEFAULT))
    assert np.argwhere(graph).tolist() == [[0, 1], [0, 2], [1, 2]]


def test_the_class_graph_keeps_cycles_that_the_boxes_show() -> None:
    items = make_items([[(0, 0, 0, 60, 60), (1, 9, 9, 40, 40)], [(1, 0, 0, 60, 60), (0, 9, 9, 40, 40)]], classes=2)
    assert np.argwhere(class_graph(items, build_hierarchy(items, DEFAULT))).tolist() == [[0, 1], [1, 0]]


def test_the_class_graph_of_some_images_knows_nothing_of_the_others() -> None:
    items = make_items([[(0, 0, 0, 60, 60), (1, 9, 9, 40, 40)], [(1, 0, 0, 60, 60), (2, 9, 9, 40, 40)]], classes=3)
    graph = class_graph(items, build_hierarchy(items, DEFAULT), np.array([True, False]))
    assert np.argwhere(graph).tolist() == [[0, 1]]


def test_the_class_graph_equals_brute_force_over_the_pictures() -> None:
    items = random_items(3, images=8, most_boxes=6, classes=12)
    built = build_hierarchy(items, DEFAULT)
    known: set[tuple[int, int]] = set()
    for first, last in pairwise(items.offsets.tolist()):
        boxes = range(first + 1, last)
        known |= {(int(items.label[a]), int(items.label[b])) for a in boxes for b in boxes if b in built.descendants_of(a)}
    graph = class_graph(items, built)
    assert {(int(a), int(b)) for a, b in np.argwhere(graph)} == known
    assert 0 < len(known) < 144


def test_scene_classes_hold_every_box_small_ones_too() -> None:
    items = make_items([[(0, 0, 0, 9, 9), (0, 20, 20, 29, 29), (2, 1, 1, 2, 2)], [], [(1, 0, 0, 5, 5)]], classes=4)
    present = scene_classes(items)
    assert present.dtype == bool
    assert present.toarray().tolist() == [[True, False, True, False], [False] * 4, [False, True, False, False]]


# --- photographs


@pytest.mark.parametrize("name", ["photos", "car_parts"])
def test_the_smallest_ancestors_of_photographed_boxes_agree_with_an_independent_check(shared_data: Path, name: str) -> None:
    """`geometric_parent`: smallest box holding >= 80 %, with area ratio <= 0.5 and another label."""
    items, notes = read_coco(shared_data / name)
    built = build_hierarchy(items, HierarchySettings(duplicate_iou=1.0))
    area = containment.box_areas(items.xyxy)
    boxes = np.flatnonzero(~items.is_scene)
    row_of = {note["id"]: int(row) for note, row in zip(notes, boxes, strict=True)}
    wrong = [
        note["id"] for note in notes if smallest_container(items, built, area, row_of[note["id"]]) != row_of.get(note["geometric_parent"])
    ]
    found = sum(note["geometric_parent"] is not None for note in notes)
    assert found > 2000
    assert len(wrong) == 0


def smallest_container(items: Items, built: Hierarchy, area: NDArray[np.float64], row: int) -> int | None:
    x1, y1, x2, y2 = items.xyxy[row].astype(np.float64)
    fitting = []
    for other in built.ancestors_of(row)[1:].tolist():
        a1, b1, a2, b2 = items.xyxy[other].astype(np.float64)
        shared = (min(x2, a2) - max(x1, a1)) * (min(y2, b2) - max(y1, b1))  # ancestors by closure may hold less
        enough = x2 > a1 and a2 > x1 and y2 > b1 and b2 > y1 and shared >= 0.8 * area[row]
        if enough and area[row] <= 0.5 * area[other] and items.label[other] != items.label[row]:
            fitting.append((area[other], other))
    return min(fitting)[1] if fitting else None
