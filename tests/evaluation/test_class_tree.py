"""TIE, LCA, Jaccard, hierarchical precision and recall: cases with known answers, and a slow reference on random graphs."""

from __future__ import annotations

from collections import deque

import numpy as np
import pytest
from numpy.typing import NDArray

from hypviz.data.class_tree import ClassTree
from hypviz.data.formats.taxonomy import parse_taxonomy
from hypviz.data.taxonomy import Taxonomy
from hypviz.evaluation import evaluate, paper_tables
from hypviz.evaluation.class_tree import errors_in, steps_between, tree_errors
from tests.evaluation.worlds import FAST, SlowWorld, random_world

#        root
#       /    \
#    house   tree
#    /  \
#  door window
#   |
# handle
HOUSE, TREE, DOOR, WINDOW, HANDLE = range(5)
PAIRS = [(HOUSE, DOOR), (HOUSE, WINDOW), (DOOR, HANDLE), (HOUSE, HANDLE)]


def graph_of(pairs: list[tuple[int, int]], count: int) -> NDArray[np.bool_]:
    graph = np.zeros((count, count), bool)
    for a, b in pairs:
        graph[a, b] = True
    return graph


@pytest.mark.parametrize(
    ("predicted", "true", "wanted"),
    [
        (DOOR, DOOR, {"TIE": 0, "LCA": 0, "Jaccard": 1, "P_H": 1, "R_H": 1}),
        (WINDOW, DOOR, {"TIE": 2, "LCA": 1, "Jaccard": 2 / 4, "P_H": 2 / 3, "R_H": 2 / 3}),
        (HANDLE, DOOR, {"TIE": 1, "LCA": 1, "Jaccard": 3 / 4, "P_H": 3 / 4, "R_H": 1}),
        (DOOR, HANDLE, {"TIE": 1, "LCA": 0, "Jaccard": 3 / 4, "P_H": 1, "R_H": 3 / 4}),
        (HANDLE, WINDOW, {"TIE": 3, "LCA": 2, "Jaccard": 2 / 5, "P_H": 2 / 4, "R_H": 2 / 3}),
        (TREE, HANDLE, {"TIE": 4, "LCA": 1, "Jaccard": 1 / 5, "P_H": 1 / 2, "R_H": 1 / 4}),
        (HANDLE, TREE, {"TIE": 4, "LCA": 3, "Jaccard": 1 / 5, "P_H": 1 / 4, "R_H": 1 / 2}),
    ],
)
def test_errors_in_a_small_tree_are_those_counted_by_hand(predicted: int, true: int, wanted: dict[str, float]) -> None:
    found = tree_errors(graph_of(PAIRS, 5))
    assert {name: matrix[predicted, true] for name, matrix in found.items()} == pytest.approx(wanted)


def test_classes_under_each_other_are_one_level() -> None:
    graph = graph_of([(0, 1), (1, 2), (2, 0), (1, 3)], 5)  # a ring of three, a class under one of them, one alone
    steps = steps_between(graph)
    assert np.isfinite(steps).all()
    assert (steps[0, 1], steps[0, 2], steps[1, 3], steps[0, 3], steps[4, 3]) == (1, 1, 1, 2, 3)


def test_a_class_inside_itself_changes_nothing() -> None:
    graph = graph_of(PAIRS, 5)
    for name, matrix in tree_errors(graph | np.eye(5, dtype=bool)).items():
        np.testing.assert_array_equal(matrix, tree_errors(graph)[name])


def slow_errors(graph: NDArray[np.bool_], p: int, t: int) -> dict[str, float]:
    """By sets and a breadth-first search."""
    count, root = len(graph), -1

    def reach(start: int) -> set[int]:
        found, queue = {start}, deque([start])
        while queue:
            at = queue.popleft()
            for b in range(count):
                if graph[at, b] and b not in found:
                    found.add(b)
                    queue.append(b)
        return found

    reached = [reach(c) for c in range(count)]

    def below(a: int, b: int) -> bool:
        return bool(graph[a, b]) and a not in reached[b]

    def edge(a: int, b: int) -> bool:
        return bool(graph[a, b]) and a != b and not any(below(a, c) and below(c, b) for c in range(count))

    def topmost(c: int) -> bool:
        level = [d for d in range(count) if d in reached[c] and c in reached[d]]
        return not any(below(a, d) for a in range(count) for d in level)

    neighbours = {c: {d for d in range(count) if edge(c, d) or edge(d, c)} | ({root} if topmost(c) else set()) for c in range(count)}
    neighbours[root] = {c for c in range(count) if root in neighbours[c]}
    distance, queue = {p: 0}, deque([p])
    while queue:
        at = queue.popleft()
        for b in neighbours[at] - distance.keys():
            distance[b] = distance[at] + 1
            queue.append(b)
    above = [{c, root} | {a for a in range(count) if graph[a, c]} for c in (p, t)]
    both = above[0] & above[1]
    return {
        "TIE": distance[t],
        "LCA": len(above[0] - above[1]),
        "Jaccard": len(both) / len(above[0] | above[1]),
        "P_H": len(both) / len(above[0]),
        "R_H": len(both) / len(above[1]),
    }


@pytest.mark.parametrize("seed", range(12))
def test_errors_agree_with_sets_and_a_search(seed: int) -> None:
    rng = np.random.default_rng(seed)
    count = int(rng.integers(2, 9))
    graph = rng.random((count, count)) < rng.choice([0.1, 0.25, 0.5])
    found = tree_errors(graph)
    for p in range(count):
        for t in range(count):
            assert {name: matrix[p, t] for name, matrix in found.items()} == pytest.approx(slow_errors(graph, p, t))


def test_the_nearest_box_is_judged_by_how_wrong_its_class_is() -> None:
    items, embedding = random_world()
    world = SlowWorld(items, embedding)
    result = evaluate(items, world.hierarchy, embedding, FAST).find("box → class", "nearest neighbour", "cosine")
    directions = embedding.directions.astype(float)
    for place, q in enumerate(result.rows.tolist()):
        others = [b for b in world.boxes if items.image[b] != items.image[q]]
        nearest = max(others, key=lambda b: directions[b] @ directions[q])
        for name, value in slow_errors(world.graph, world.label[nearest], world.label[q]).items():
            assert result.values[name][place] == pytest.approx(value)


def slow_in_tree(text: str, classes: tuple[str, ...], p: int, t: int) -> dict[str, float]:
    """By lines of ancestors alone: in a tree, the way between two names goes by their lowest common one. Spelling is not asked about."""
    parent: dict[str, str | None] = {}
    path: list[str] = []
    for line in text.splitlines():
        level = (len(line) - len(line.lstrip())) // 2
        path[level:] = [line.strip()]
        parent[path[-1]] = path[-2] if level else None
    tops = [name for name, above in parent.items() if above is None]
    root = tops[0] if len(tops) == 1 and tops[0] not in classes else None

    def line_of(name: str) -> list[str]:
        line, at = [], name if name in parent else None
        while at is not None and at != root:
            line.append(at)
            at = parent[at]
        return [*(line or [name]), "the root"]

    up, down = line_of(classes[p]), line_of(classes[t])
    common = next(place for place, name in enumerate(up) if name in down)
    both = len(up) - common
    return {
        "TIE": common + down.index(up[common]), "LCA": common, "Jaccard": both / (len(up) + len(down) - both),
        "P_H": both / len(up), "R_H": both / len(down),
    }  # fmt: skip


@pytest.mark.parametrize("top", ["", "all"])
@pytest.mark.parametrize("seed", range(6))
def test_errors_in_a_tree_that_was_brought_agree_with_lines_of_ancestors(seed: int, top: str) -> None:
    rng = np.random.default_rng(seed)
    names = [f"n{number}" for number in range(int(rng.integers(3, 14)))]
    pairs: list[tuple[str, str | None]] = [(top, None)] if top else []
    for place, name in enumerate(names):
        above = names[int(rng.integers(place))] if place and rng.random() < 0.7 else None
        pairs.append((name, above or top or None))
    tree = Taxonomy.from_pairs(pairs, source="made")
    classes = tuple(
        rng.permutation([*rng.choice(names, size=min(5, len(names)), replace=False).tolist(), "outside", "outside too"]).tolist()
    )
    found = errors_in(ClassTree(tree, classes))
    for p in range(len(classes)):
        for t in range(len(classes)):
            assert {name: matrix[p, t] for name, matrix in found.items()} == pytest.approx(slow_in_tree(tree.to_text(), classes, p, t))


def test_the_nearest_box_is_judged_in_the_tree_that_was_brought_with_its_chance_beside() -> None:
    items, embedding = random_world()
    world, text = SlowWorld(items, embedding), "a\n  b\n    q\n    z\n  s\nc\n  x\n  w\n"
    taxonomy = parse_taxonomy(text, "made")
    evaluation = evaluate(items, world.hierarchy, embedding, FAST, taxonomy=taxonomy)
    result = evaluation.find("box → class", "nearest neighbour", "cosine")
    directions = embedding.directions.astype(float)
    for place, q in enumerate(result.rows.tolist()):
        others = [b for b in world.boxes if items.image[b] != items.image[q]]
        nearest = max(others, key=lambda b: directions[b] @ directions[q])
        every = [slow_in_tree(text, items.classes, world.label[b], world.label[q]) for b in others]
        for name, value in slow_in_tree(text, items.classes, world.label[nearest], world.label[q]).items():
            assert result.values[f"{name}@class tree"][place] == pytest.approx(value)
            assert result.chance[f"{name}@class tree"][place] == pytest.approx(np.mean([one[name] for one in every]))
    tables = {table.title: table for table in paper_tables({"one": evaluation})}
    assert "How wrong a wrong class is" not in tables
    table = tables["How wrong a wrong class is, in the class tree"]
    assert [(column.name, column.better) for column in table.columns][:3] == [("TIE", "lower"), ("LCA", "lower"), ("Jaccard", "higher")]
    assert [cell.text for cell in table.rows[-1].cells][:1] == [f"{result.chance_of('TIE@class tree'):.2f}"]
