"""Worlds for the tests of evaluation: perfect, random, and the same questions asked in plain Python, one at a time."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from hypviz.config import HierarchySettings
from hypviz.data.hierarchy import Hierarchy, build_hierarchy, class_graph
from hypviz.data.items import SCENE, Images, Items, item_ids
from hypviz.evaluation import EvaluateSettings, Evaluation
from hypviz.search.embedding import Embedding

Box = tuple[float, float, float, float]
FAST = EvaluateSettings(bootstrap=0, object_k=(1, 5), scene_k=(1, 4), recall_k=(10,))


def make_items(scenes: list[list[tuple[Box, int]]], classes: tuple[str, ...]) -> Items:
    """Items of 100 × 100 pictures from (box, class) lists."""
    rows = [(m, box, label) for m, boxes in enumerate(scenes) for box, label in [((0, 0, 100, 100), SCENE), *boxes]]
    ids = [i for m, boxes in enumerate(scenes) for i in item_ids(f"image {m}", [box for box, _ in boxes])]
    names = np.array([f"{m}.png" for m in range(len(scenes))])
    side = np.full(len(scenes), 100, np.int32)
    return Items(
        item_id=np.array(ids),
        image=np.array([m for m, _, _ in rows], np.int32),
        xyxy=np.array([box for _, box, _ in rows], np.float32),
        label=np.array([label for _, _, label in rows], np.int32),
        source=np.array(["annotation"] * len(rows)),
        images=Images(names, side, side, names, np.array([""] * len(scenes))),
        classes=classes,
        root=Path(),
    )


def tree_world(*, kinds: int = 3, scenes: int = 5, objects: int = 3, parts: int = 2) -> tuple[Items, Embedding]:
    """Scenes of each kind hold its object classes, each object its own part classes; and vectors that know it all.

    Directions follow the tree of classes, radii the depth, so every cone holds just what lies below it.
    """
    rng = np.random.default_rng(0)
    dim = kinds * (1 + objects * (1 + parts))
    axes, next_axis = np.eye(dim), iter(range(dim))
    kind_dirs, object_dirs, part_dirs, classes = [], {}, {}, []
    for kind in range(kinds):
        kind_dirs.append(axes[next(next_axis)])
        for obj in range(objects):
            label = len(classes)
            classes.append(f"object {kind} {obj}")
            object_dirs[kind, obj] = label, kind_dirs[kind] + 0.6 * axes[next(next_axis)]
            for part in range(parts):
                direction = object_dirs[kind, obj][1] / 1.17 + 0.15 * axes[next(next_axis)]
                part_dirs[kind, obj, part] = len(classes), direction
                classes.append(f"part {kind} {obj} {part}")
    pictures, directions, radii = [], [], []
    for number in range(kinds * scenes):
        kind = number % kinds
        boxes: list[tuple[Box, int]] = []
        directions.append(kind_dirs[kind])
        radii.append(0.2)
        for obj in range(objects):
            left, label_and_dir = 30.0 * obj, object_dirs[kind, obj]
            boxes.append(((left, 10, left + 28, 60), label_and_dir[0]))
            directions.append(label_and_dir[1])
            radii.append(0.6)
            for part in range(parts):
                boxes.append(((left + 2, 12 + 10 * part, left + 20, 20 + 10 * part), part_dirs[kind, obj, part][0]))
                directions.append(part_dirs[kind, obj, part][1])
                radii.append(1.0)
        pictures.append(boxes)
    spread = np.array(directions) + 3e-3 * rng.standard_normal((len(directions), dim))
    spread /= np.linalg.norm(spread, axis=1, keepdims=True)
    return make_items(pictures, tuple(classes)), Embedding(spread.astype(np.float32), np.array(radii, np.float32))


def random_world(*, pictures: int = 12, classes: int = 6, seed: int = 0) -> tuple[Items, Embedding]:
    """Random boxes, some of them nested, and vectors that know nothing."""
    rng = np.random.default_rng(seed)
    scenes = []
    for _ in range(pictures):
        boxes: list[tuple[Box, int]] = []
        for _ in range(int(rng.integers(1, 5))):
            x, y, w, h = *rng.uniform(0, 50, 2), *rng.uniform(20, 50, 2)
            boxes.append(((x, y, x + w, y + h), int(rng.integers(classes))))
            for _ in range(int(rng.integers(0, 3))):
                a, b = x + rng.uniform(0, 0.4) * w, y + rng.uniform(0, 0.4) * h
                boxes.append(((a, b, a + 0.3 * w, b + 0.3 * h), int(rng.integers(classes))))
        scenes.append(boxes)
    items = make_items(scenes, tuple("qzsxwuavrb"[:classes]))
    directions = rng.standard_normal((len(items), 5)).astype(np.float32)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return items, Embedding(directions, rng.uniform(0.3, 2.5, len(items)).astype(np.float32), 0.8)


def hierarchy_of(items: Items) -> Hierarchy:
    return build_hierarchy(items, HierarchySettings())


def mean(evaluation: Evaluation, task: str, reading: str, score: str, metric: str) -> float:
    return evaluation.find(task, reading, score).metrics[metric].mean


# An independent run, item by item: textbook angles, set logic from the boxes, sorted().


def slow_angle(e: Embedding, a: int, b: int) -> float:
    root = math.sqrt(e.curv)
    points = []
    for row in (a, b):
        scale = math.sinh(root * float(e.radii[row])) / root
        x = [scale * float(u) for u in e.directions[row]]
        points.append((x, math.sqrt(1 / e.curv + sum(v * v for v in x))))
    (x, xt), (y, yt) = points
    inner = e.curv * (sum(p * q for p, q in zip(x, y, strict=True)) - xt * yt)
    return math.acos(max(-1, min(1, (yt + xt * inner) / (math.hypot(*x) * math.sqrt(inner * inner - 1)))))


class SlowWorld:
    """The same questions asked one item at a time."""

    def __init__(self, items: Items, embedding: Embedding) -> None:
        self.items, self.e, self.hierarchy = items, embedding, hierarchy_of(items)
        self.label = items.label.tolist()
        self.boxes = [row for row in range(len(items)) if self.label[row] != SCENE]
        self.below = {row: self.hierarchy.descendants_of(row).tolist() for row in range(len(items))}
        self.objects = [row for row in self.boxes if self.below[row]]
        self.parts = [row for row in self.boxes if any(row in self.below[o] for o in self.objects)]
        self.graph = class_graph(items, self.hierarchy)

    def held(self, row: int) -> set[int]:
        return {self.label[c] for c in self.below[row]}

    def scene_labels(self, row: int) -> list[int]:
        return [self.label[b] for b in self.boxes if self.items.image[b] == self.items.image[row]]

    def ranked(self, query: int, pool: list[int], direction: str, apex: str) -> list[int]:
        def badness(c: int) -> float:
            at_query = slow_angle(self.e, query, c)
            at_query = at_query if direction == "children" else math.pi - at_query
            if apex == "query":
                return at_query
            at_candidate = slow_angle(self.e, c, query)
            at_candidate = math.pi - at_candidate if direction == "children" else at_candidate
            return at_candidate if apex == "candidate" else at_query + at_candidate

        return sorted((c for c in pool if c != query), key=lambda c: (badness(c), c))


def slow_mean(values: list[float | None]) -> float:
    kept = [value for value in values if value is not None]
    return sum(kept) / len(kept)


def precision(hits: list[bool], k: int) -> float | None:
    return sum(hits[:k]) / min(k, len(hits)) if any(hits) else None


def average_precision(hits: list[bool]) -> float | None:
    places = [i for i, hit in enumerate(hits) if hit]
    return sum(sum(hits[: i + 1]) / (i + 1) for i in places) / len(places) if places else None
