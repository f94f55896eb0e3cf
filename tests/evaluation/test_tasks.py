"""Evaluation: perfect, random and shuffled worlds, and an independent run of every task in plain Python."""

from __future__ import annotations

import csv
import json
import math
from dataclasses import replace

import numpy as np
import pytest

from hypviz.data.hierarchy import class_graph
from hypviz.errors import DataError, SettingsError
from hypviz.evaluation import EvaluateSettings, calibrate_omega, evaluate, recognition, task
from hypviz.search.embedding import Embedding
from hypviz.search.index import Index
from tests.evaluation.worlds import (
    FAST,
    SlowWorld,
    average_precision,
    hierarchy_of,
    make_items,
    mean,
    precision,
    random_world,
    slow_angle,
    slow_mean,
    tree_world,
)


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
    for name, reading, metric in (
        ("part → object", "instance", "precision@5"),
        ("object → parts", "class", "mAP"),
        ("scene → contents", "class", "precision@R"),
    ):
        drop = mean(right, name, reading, "angle", metric) - mean(wrong, name, reading, "angle", metric)
        assert drop > 0.1


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
    for (level, _, _), (same, quantiles) in zip(radii.by_depth, radii.quantiles, strict=True):
        at_level = sorted(embedding.radii[world.hierarchy.depth == level].tolist())
        assert (level, at_level[0], at_level[-1]) == (same, quantiles[0], quantiles[-1])
        assert quantiles[3] == pytest.approx(float(np.median(at_level)))


def test_the_order_of_radii_has_an_interval_over_images() -> None:
    items, embedding = random_world(pictures=40)
    radii = evaluate(items, hierarchy_of(items), embedding, replace(FAST, bootstrap=200)).radii
    assert radii.direct_interval[0] < radii.direct < radii.direct_interval[1]
    assert radii.ancestors_interval[0] < radii.ancestors < radii.ancestors_interval[1]


def test_progress_comes_with_every_block_and_can_stop_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    items, embedding = random_world()
    monkeypatch.setattr(task, "CELLS", 100)
    shares: list[float] = []
    evaluate(items, hierarchy_of(items), embedding, FAST, on_stage=lambda share, what: shares.append(share))
    assert len(shares) > 60 and shares == sorted(shares) and shares[0] == 0 and shares[-1] == pytest.approx(1)

    def stop(share: float, what: str) -> None:
        if share > 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evaluate(items, hierarchy_of(items), embedding, FAST, on_stage=stop)


def test_the_size_of_the_blocks_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    items, embedding = random_world()
    whole = evaluate(items, hierarchy_of(items), embedding, FAST)
    monkeypatch.setattr(task, "CELLS", 100)
    monkeypatch.setattr(recognition, "QUERIES", 5)
    monkeypatch.setattr(recognition, "BOXES", 7)
    assert evaluate(items, hierarchy_of(items), embedding, FAST).to_csv() == whole.to_csv()


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
    found = evaluate(items, hierarchy_of(items), embedding, EvaluateSettings(bootstrap=50), on_stage=lambda *step: steps.append(step))
    plain = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert plain["settings"]["shares"] == [0.39, 0.65]
    assert {task["score"] for task in plain["tasks"]} == {"angle", "cosine", "distance"}
    curve = plain["tasks"][0]["curve"]
    assert len(curve["threshold"]) == len(curve["recall"]) > 10
    page = found.to_markdown()
    for words in ("## scene → contents, correct by class", "OT@39%", "TV@R", "[0.", "Spearman", "95 % intervals"):
        assert words in page
    assert [share for share, _ in steps] == sorted(share for share, _ in steps)
    assert steps[0] == (0.0, "part → object by chance") and steps[-1] == (1.0, "entailment")


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
    assert {result.task for result in found.results} == {"scene → contents", "box → scene", "box → class"}
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


def test_every_mean_comes_with_the_values_it_is_the_mean_of() -> None:
    items, embedding = random_world()
    settings = replace(FAST, max_queries=9, bootstrap=20)
    for result in evaluate(items, hierarchy_of(items), embedding, settings).results:
        assert result.rows.shape == (result.queries,) and (np.diff(result.rows) > 0).all()
        assert result.values.keys() == result.metrics.keys()
        for name, estimate in result.metrics.items():
            kept = result.values[name][~np.isnan(result.values[name])]
            assert result.values[name].shape == result.rows.shape
            assert (len(kept), len(result.rows) - len(kept)) == (estimate.count, estimate.skipped)
            assert kept.mean() == pytest.approx(estimate.mean)


def test_the_long_table_says_what_the_json_says() -> None:
    items, embedding = random_world()
    found = evaluate(items, hierarchy_of(items), embedding, FAST)
    lines = list(csv.DictReader(found.to_csv().splitlines()))
    assert len(lines) == sum(len(result.figures()) for result in found.results)
    for line in lines:
        estimate, chance = found.find(line["task"], line["reading"], line["score"]).figures()[line["metric"]]
        assert (float(line["mean"]), float(line["chance"])) == (estimate.mean, chance)
        assert (line["low"], line["high"]) == ("", "")  # no interval was asked for
        assert (int(line["count"]), int(line["skipped"])) == (estimate.count, estimate.skipped)
