"""Who is inside whom as annotations state it, where a file does: the corrections that lead from the boxes alone to what is stated.

Exports of this project name the boxes that each box lies in directly, with a person's corrections of the hierarchy in it. An import builds
the hierarchy from the boxes, and these corrections say what was stated besides: as a person would have made them (`data.corrections`),
so that they can be seen and undone.
"""

from __future__ import annotations

import numpy as np

from hypviz.data.corrections import Correction, correct
from hypviz.data.hierarchy import Hierarchy
from hypviz.data.items import Items
from hypviz.data.named_parents import Parents

Pairs = set[tuple[int, int]]


def stated_parents(items: Items, hierarchy: Hierarchy) -> dict[int, tuple[int, ...]]:
    """The boxes that each box lies in directly, by a hierarchy."""
    edges = hierarchy.edges
    parents_of: dict[int, list[int]] = {row: [] for row in np.flatnonzero(~items.is_scene).tolist()}
    between = edges.direct & ~items.is_scene[edges.parent]
    for parent, child in zip(edges.parent[between].tolist(), edges.child[between].tolist(), strict=True):
        parents_of[child].append(parent)
    return {row: tuple(parents) for row, parents in parents_of.items()}


def corrections_to(items: Items, base: Hierarchy, parents: Parents) -> tuple[list[Correction], int]:
    """The corrections after which the hierarchy of the boxes alone, `base`, says what is stated; and how many pairs cannot be so.

    Pairs of boxes of which one is not among the keys of `parents` stay as the boxes say.
    """
    if not parents:
        return [], 0
    stated = _closed(parents)
    rows = _rows_that_differ(items, base, parents, stated)
    if not rows:
        return [], 0
    meant = {pair for pair in stated if pair[0] in rows and pair[1] in rows}
    direct = {(parent, child) for child, over in parents.items() for parent in over if (parent, child) in meant}
    accepted: list[Correction] = []
    now = base
    while wrong := _pairs(now, rows, direct=True) - meant:
        longest = sorted(wrong, key=lambda pair: (-int(now.depth[pair[1]]), pair))
        corrections = [Correction("not", "item", *(str(items.item_id[row]) for row in pair)) for pair in longest]
        after, outcomes = correct(items, base, [*accepted, *corrections])
        valid = [one for one, outcome in zip(corrections, outcomes[len(accepted) :], strict=True) if not outcome.problem]
        if not valid:
            break
        accepted, now = accepted + valid, after
    for pair in sorted(direct - _pairs(now, rows), key=lambda pair: (pair[1], pair[0])):
        one = Correction("above", "item", *(str(items.item_id[row]) for row in pair))
        after, outcomes = correct(items, base, [*accepted, one])
        if not outcomes[-1].problem:
            accepted, now = [*accepted, one], after
    return accepted, len(_pairs(now, rows) ^ meant)


def _rows_that_differ(items: Items, base: Hierarchy, parents: Parents, stated: Pairs) -> set[int]:
    """The rows that something was said of, in pictures where `base` says something else."""
    known = set(parents)
    images = {int(items.image[row]) for pair in _pairs(base, known) ^ stated for row in pair}
    return {row for row in known if int(items.image[row]) in images}


def _pairs(hierarchy: Hierarchy, rows: set[int], *, direct: bool = False) -> Pairs:
    """All pairs of a hierarchy, or the direct ones, with both ends among `rows`."""
    among = np.zeros(len(hierarchy.depth), bool)
    among[list(rows)] = True
    edges = hierarchy.edges
    within = among[edges.parent] & among[edges.child] & (edges.direct | (not direct))
    return set(zip(edges.parent[within].tolist(), edges.child[within].tolist(), strict=True))


def _closed(parents: Parents) -> Pairs:
    """Every ancestor with every descendant, of boxes among the keys alone; a circle is passed through once."""
    pairs: Pairs = set()
    for child in parents:
        waiting, visited = list(parents[child]), {child}
        while waiting:
            parent = waiting.pop()
            if parent not in visited and parent in parents:
                visited.add(parent)
                pairs.add((parent, child))
                waiting += parents[parent]
    return pairs
