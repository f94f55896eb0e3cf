"""Evaluation: perfect, random and shuffled worlds, and an independent run of every task in plain Python."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hypviz.config import HierarchySettings
from hypviz.data.hierarchy import Hierarchy, build_hierarchy, class_graph
from hypviz.data.items import SCENE, Images, Items, item_ids
from hypviz.errors import DataError, SettingsError
from hypviz.evaluate import EvaluateSettings, Evaluation, calibrate_omega, evaluate
from hypviz.search.embedding import Embedding
from hypviz.search.index import Index

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


def test_vectors_that_know_the_tree_score_one_everywhere() -> None:
    items, embedding = tree_world()
    settings = EvaluateSettings(bootstrap=0, object_k=(1, 5), scene_k=(1, 5), recall_k=(1000,))
    found = evaluate(items, hierarchy_of(items), embedding, settings)
    assert mean(found, "part → object", "instance", "angle", "precision@5") == 1.0
    assert mean(found, "part → object", "class", "angle", "precision@5") == 1.0
    assert mean(found, "box → scene", "same class", "angle", "precision@5") == 1.0
    assert mean(found, "object → parts", "class", "angle", "mAP") == 1.0
    assert mean(found, "object → parts", "instance", "angle", "precision@R") == 1.0
    assert mean(found, "scene → contents", "class", "angle", "mAP") == 1.0
    assert mean(found, "scene → contents", "class", "angle", "OT@R") == 0.0
    assert mean(found, "scene → contents", "class", "angle", "TV@R") == 0.0
    assert found.radii.direct == found.radii.ancestors == 1.0
    assert found.radii.spearman == pytest.approx(1.0)
    assert [(level, round(radius, 3)) for level, _, radius in found.radii.by_depth] == [(0, 0.2), (1, 0.6), (2, 1.0)]
    assert mean(found, "object → parts", "class", "cosine", "mAP") < 1.0


def test_calibrated_cones_hold_what_they_should() -> None:
    items, embedding = tree_world()
    hierarchy = hierarchy_of(items)
    omega_children, omega_parents = calibrate_omega(items, hierarchy, embedding)
    assert 0 < omega_children < math.pi / 2
    assert 0 < omega_parents < math.pi / 2
    index = Index(embedding)
    graph = class_graph(items, hierarchy)
    for row in np.flatnonzero(items.label == 0):
        inside = index.cone_members(index.query(row), omega_children)
        assert set(items.label[inside]) == set(np.flatnonzero(graph[0]))


def test_vectors_that_know_nothing_score_chance() -> None:
    items, embedding = tree_world(kinds=4, scenes=12)
    rng = np.random.default_rng(1)
    found = evaluate(items, hierarchy_of(items), embedding.take(rng.permutation(len(items))), FAST)
    # One part in 12 object classes; 2 of 36 box classes under each object; a quarter of all scenes and boxes.
    assert mean(found, "part → object", "instance", "angle", "precision@5") == pytest.approx(1 / 12, abs=0.03)
    assert mean(found, "object → parts", "class", "angle", "mAP") == pytest.approx(2 / 36, abs=0.03)
    assert mean(found, "scene → contents", "class", "angle", "mAP") == pytest.approx(1 / 4, abs=0.05)
    assert mean(found, "box → scene", "same class", "angle", "precision@4") == pytest.approx(1 / 4, abs=0.06)
    assert found.radii.ancestors == pytest.approx(0.35, abs=0.15)


def test_shuffled_labels_lower_every_class_metric() -> None:
    items, embedding = tree_world()
    label = items.label.copy()
    boxes = ~items.is_scene
    label[boxes] = np.random.default_rng(2).permutation(label[boxes])
    right = evaluate(items, hierarchy_of(items), embedding, FAST)
    wrong_items = replace(items, label=label)
    graph = class_graph(items, hierarchy_of(items))
    wrong = evaluate(wrong_items, hierarchy_of(wrong_items), embedding, FAST, graph=graph)
    for task, reading, metric in (
        ("part → object", "instance", "precision@5"),
        ("object → parts", "class", "mAP"),
        ("scene → contents", "class", "precision@R"),
    ):
        drop = mean(right, task, reading, "angle", metric) - mean(wrong, task, reading, "angle", metric)
        assert drop > 0.1


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


@pytest.mark.parametrize("apex", ["query", "candidate", "sum"])
def test_every_task_agrees_with_plain_loops(apex: str) -> None:
    items, embedding = random_world()
    world = SlowWorld(items, embedding)
    found = evaluate(items, world.hierarchy, embedding, replace(FAST, apex=apex))
    label, graph = world.label, world.graph

    by_instance, by_class = [], []
    for q in world.parts:
        order = world.ranked(q, world.objects, "parents", apex)
        by_instance.append(precision([label[q] in world.held(o) for o in order], 5))
        by_class.append(precision([bool(graph[label[o], label[q]]) for o in order], 5))
    assert mean(found, "part → object", "instance", "angle", "precision@5") == pytest.approx(slow_mean(by_instance))
    assert mean(found, "part → object", "class", "angle", "precision@5") == pytest.approx(slow_mean(by_class))

    by_instance, by_class, at_r, recall = [], [], [], []
    for q in world.objects:
        order = world.ranked(q, world.boxes, "children", apex)
        flags = [bool(graph[label[q], label[c]]) for c in order]
        by_class.append(average_precision(flags))
        at_r.append(precision(flags, sum(flags)) if any(flags) else None)
        recall.append(sum(flags[:10]) / sum(flags) if any(flags) else None)
        by_instance.append(average_precision([label[c] in world.held(q) for c in order]))
    assert mean(found, "object → parts", "class", "angle", "mAP") == pytest.approx(slow_mean(by_class), abs=1e-6)
    assert mean(found, "object → parts", "class", "angle", "precision@R") == pytest.approx(slow_mean(at_r))
    assert mean(found, "object → parts", "class", "angle", "recall@10") == pytest.approx(slow_mean(recall))
    assert mean(found, "object → parts", "instance", "angle", "mAP") == pytest.approx(slow_mean(by_instance), abs=1e-6)

    ap, ot, tv, recall = [], [], [], []
    order_of_classes = sorted(range(len(items.classes)), key=lambda c: items.classes[c])
    k = round(0.39 * len(world.boxes))
    for q in np.flatnonzero(items.is_scene).tolist():
        own = world.scene_labels(q)
        order = world.ranked(q, world.boxes, "children", apex)
        flags = [label[c] in own for c in order]
        ap.append(average_precision(flags))
        recall.append(sum(flags[:k]) / sum(flags))
        got, area, above, absolute = [label[c] for c in order[:k]], 0.0, 0.0, 0.0
        for c in order_of_classes:
            step = own.count(c) / len(own) - got.count(c) / len(got)
            above += step
            area += abs(above)
            absolute += abs(step)
        ot.append(area)
        tv.append(absolute / 2)
    assert mean(found, "scene → contents", "class", "angle", "mAP") == pytest.approx(slow_mean(ap), abs=1e-6)
    assert mean(found, "scene → contents", "class", "angle", "recall@39%") == pytest.approx(slow_mean(recall))
    assert mean(found, "scene → contents", "class", "angle", "OT@39%") == pytest.approx(slow_mean(ot))
    assert mean(found, "scene → contents", "class", "angle", "TV@39%") == pytest.approx(slow_mean(tv))

    same_class, own_scene = [], []
    scenes = np.flatnonzero(items.is_scene).tolist()
    for q in world.boxes:
        order = world.ranked(q, scenes, "parents", apex)
        same_class.append(precision([label[q] in world.scene_labels(s) for s in order], 4))
        own_scene.append(float(any(items.image[s] == items.image[q] for s in order[:4])))
    assert mean(found, "box → scene", "same class", "angle", "precision@4") == pytest.approx(slow_mean(same_class))
    assert mean(found, "box → scene", "same image", "angle", "hit rate@4") == pytest.approx(slow_mean(own_scene))


def test_baselines_rank_by_cosine_and_by_distance() -> None:
    items, embedding = random_world()
    world = SlowWorld(items, embedding)
    found = evaluate(items, world.hierarchy, embedding, FAST)
    directions = embedding.directions.astype(float)
    by_cosine, by_distance = [], []
    for q in np.flatnonzero(items.is_scene):
        cosine = directions @ directions[q]
        r, s = (math.sqrt(embedding.curv) * radius.astype(float) for radius in (embedding.radii, embedding.radii[q]))
        cosh = np.cosh(r) * np.cosh(s) - np.sinh(r) * np.sinh(s) * cosine
        own = world.scene_labels(q)
        for value, into in ((-cosine, by_cosine), (cosh, by_distance)):
            into.append(average_precision([world.label[c] in own for c in sorted(world.boxes, key=lambda c: value[c])]))
    for score, values in (("cosine", by_cosine), ("distance", by_distance)):
        want = pytest.approx(slow_mean(values), abs=1e-6)
        assert mean(found, "scene → contents", "class", score, "mAP") == want


def test_calibration_finds_the_largest_f1_of_all_decisions() -> None:
    items, tree = tree_world(kinds=2, scenes=2)
    noisy = tree.directions + 0.2 * np.random.default_rng(0).standard_normal(tree.directions.shape)
    noisy /= np.linalg.norm(noisy, axis=1, keepdims=True)
    embedding = Embedding(noisy.astype(np.float32), tree.radii, 1.3)
    world = SlowWorld(items, embedding)
    omegas = calibrate_omega(items, world.hierarchy, embedding)
    parents = [row for row in range(len(items)) if items.is_scene[row] or row in world.objects]
    for side, omega in enumerate(omegas):
        decisions = []
        for x in parents:
            for y in world.boxes:
                if x != y:
                    angle = slow_angle(embedding, x, y) if side == 0 else math.pi - slow_angle(embedding, y, x)
                    scene = bool(items.is_scene[x])
                    below = world.scene_labels(x) if scene else np.flatnonzero(world.graph[world.label[x]])
                    decisions.append((angle, world.label[y] in below))

        def f1(cut: float, decisions: list[tuple[float, bool]] = decisions) -> float:
            taken = [relevant for angle, relevant in decisions if angle <= cut]
            return 2 * sum(taken) / (len(taken) + sum(relevant for _, relevant in decisions))

        assert f1(omega) == pytest.approx(max(f1(angle) for angle, _ in decisions), abs=3e-3)


def test_calibration_does_not_count_a_box_as_its_own_child() -> None:
    # A class under itself would make each box relevant to itself, at the angle π/2 of coinciding items.
    items = make_items([[((10, 10, 90, 90), 0), ((30, 30, 50, 50), 0)]], ("doll",))
    embedding = Embedding(np.tile(np.array([[0.6, 0.8]], np.float32), (3, 1)), np.array([0.2, 0.6, 1.0], np.float32))
    assert max(calibrate_omega(items, hierarchy_of(items), embedding)) < 0.01


def test_radii_are_compared_over_direct_and_over_all_pairs() -> None:
    items, embedding = random_world()
    world = SlowWorld(items, embedding)
    radii = evaluate(items, world.hierarchy, embedding, FAST).radii
    pairs = [(p, c) for p in range(len(items)) for c in world.below[p]]
    direct = [(p, c) for p in range(len(items)) for c in world.hierarchy.children_of(p)]
    for value, chosen in ((radii.ancestors, pairs), (radii.direct, direct)):
        assert value == pytest.approx(sum(embedding.radii[p] < embedding.radii[c] for p, c in chosen) / len(chosen))
    assert radii.pairs == len(pairs)
    assert sum(count for _, count, _ in radii.by_depth) == len(items)


def test_a_sample_of_queries_is_repeatable_and_stated() -> None:
    items, embedding = tree_world()
    settings = replace(FAST, max_queries=7)
    first, second = (evaluate(items, hierarchy_of(items), embedding, settings) for _ in range(2))
    assert first.to_json() == second.to_json()
    result = first.find("object → parts", "class", "angle")
    assert (result.queries, result.queries_available) == (7, 45)
    assert "7 of 45 queries, pool of 135" in first.to_markdown()


def test_the_report_is_valid_json_and_a_readable_page() -> None:
    items, embedding = random_world()
    steps = []
    found = evaluate(items, hierarchy_of(items), embedding, EvaluateSettings(bootstrap=50), progress=lambda *step: steps.append(step))
    plain = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert plain["settings"]["shares"] == [0.39, 0.65]
    assert {task["score"] for task in plain["tasks"]} == {"angle", "cosine", "distance"}
    curve = plain["tasks"][0]["curve"]
    assert len(curve["threshold"]) == len(curve["recall"]) > 10
    page = found.to_markdown()
    for words in ("## scene → contents, correct by class", "OT@39%", "TV@R", "[0.", "Spearman", "95 % intervals"):
        assert words in page
    assert [share for share, _ in steps] == sorted(share for share, _ in steps)
    assert steps[0] == (0.0, "part → object by angle")


def test_a_cosine_model_is_judged_by_cosine_alone() -> None:
    items, embedding = random_world()
    found = evaluate(items, hierarchy_of(items), replace(embedding, geometry="cosine"), FAST)
    assert {result.score for result in found.results} == {"cosine"}


def test_data_without_nested_boxes_leaves_tasks_out_and_says_so() -> None:
    items = make_items([[((1, 1, 9, 9), 0)], [((1, 1, 9, 9), 1)]], ("a", "b"))
    rng = np.random.default_rng(0)
    directions = rng.standard_normal((4, 3)).astype(np.float32)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    found = evaluate(items, hierarchy_of(items), Embedding(directions, np.ones(4, np.float32)), FAST)
    assert [note.split(":")[0] for note in found.notes] == ["part → object", "object → parts"]
    assert {result.task for result in found.results} == {"scene → contents", "box → scene"}
    assert "left out" in found.to_markdown()


def test_what_does_not_fit_is_refused_in_one_sentence() -> None:
    items, embedding = random_world()
    hierarchy = hierarchy_of(items)
    with pytest.raises(DataError, match=f"embedding has 3 rows for {len(items)} items"):
        evaluate(items, hierarchy, embedding.take(np.arange(3)), FAST)
    with pytest.raises(DataError, match=r"class graph has shape \(2, 2\)"):
        evaluate(items, hierarchy, embedding, FAST, graph=np.zeros((2, 2), bool))
    broken = embedding.directions.copy()
    broken[5] = np.nan
    with pytest.raises(DataError, match="NaN"):
        evaluate(items, hierarchy, Embedding(broken, embedding.radii), FAST)
    with pytest.raises(SettingsError, match="apex must be one of"):
        EvaluateSettings(apex="root")
    with pytest.raises(SettingsError, match="shares: every entry must be between"):
        EvaluateSettings(shares=(1.5,))
    with pytest.raises(SettingsError, match="object_k: every entry"):
        EvaluateSettings(object_k=(0,))
    with pytest.raises(KeyError, match="No result dog"):
        evaluate(items, hierarchy, embedding, FAST).find("dog", "class", "angle")
    empty = make_items([[]], ("a",))
    with pytest.raises(DataError, match="omega needs boxes"):
        calibrate_omega(empty, hierarchy_of(empty), embedding.take(np.arange(1)))
