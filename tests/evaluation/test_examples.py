"""The classes and the queries behind a number."""

from __future__ import annotations

import csv
import math
from dataclasses import replace

import numpy as np
import pytest

from hypviz.data.hierarchy import class_graph
from hypviz.data.items import Items
from hypviz.errors import SelectionError, SettingsError
from hypviz.evaluation import LISTED, Evaluation, TaskResult, evaluate, lower_is_better, per_class, per_class_csv
from hypviz.evaluation import task as tasks
from hypviz.evaluation.examples import examples
from hypviz.search.embedding import Embedding
from hypviz.search.retrieval import Retrieval
from tests.evaluation.worlds import FAST, SlowWorld, hierarchy_of, make_items, random_world


def run(items: Items, embedding: Embedding, settings=FAST) -> Evaluation:
    return evaluate(items, hierarchy_of(items), embedding, settings)


def examples_of(items: Items, embedding: Embedding, result: TaskResult, metric: str, settings=FAST, **options):
    return examples(
        items, hierarchy_of(items), embedding, settings,
        task=result.task, reading=result.reading, score=result.score, metric=metric, result=result, **options,
    )  # fmt: skip


def test_classes_share_out_the_queries() -> None:
    items, embedding = random_world()
    for result in run(items, embedding).results:
        for metric, values in result.values.items():
            rows = per_class(items, result, metric)
            assert [row.name for row in rows] == [items.classes[row.label] for row in rows]
            means = [row.mean for row in rows if row.count]
            assert means == sorted(means, reverse=True) and all(math.isnan(row.mean) for row in rows[len(means) :])
            for row in rows:
                own = []
                for query, value in zip(result.rows.tolist(), values.tolist(), strict=True):
                    inside = items.label[items.image == items.image[query]] if items.is_scene[query] else items.label[[query]]
                    if row.label in inside and not math.isnan(value):
                        own.append(value)
                assert len(own) == row.count
                assert not own or row.mean == pytest.approx(sum(own) / len(own))
                assert math.isnan(row.chance) == (not own)


def test_the_table_by_class_has_every_metric() -> None:
    items, embedding = random_world()
    found = run(items, embedding)
    lines = list(csv.DictReader(per_class_csv(items, found).splitlines()))
    result = found.find("object → parts", "class", "angle")
    mine = [
        line
        for line in lines
        if (line["task"], line["reading"], line["score"], line["metric"]) == ("object → parts", "class", "angle", "mAP")
    ]
    assert [(line["class"], int(line["count"])) for line in mine] == [(row.name, row.count) for row in per_class(items, result, "mAP")]
    assert {line["metric"] for line in lines} == {metric for result in found.results for metric in result.metrics}


@pytest.mark.parametrize("cells", [100, tasks.CELLS])
def test_every_value_comes_back_with_the_ranking_it_is_of(monkeypatch: pytest.MonkeyPatch, cells: int) -> None:
    items, embedding = random_world()
    monkeypatch.setattr(tasks, "CELLS", cells)
    for result in run(items, embedding).results:
        for metric, values in result.values.items():
            found = examples_of(items, embedding, result, metric, limit=10_000)
            assert sorted(example.query for example in found) == result.rows[~np.isnan(values)].tolist()
            by_query = dict(zip(result.rows.tolist(), values.tolist(), strict=True))
            assert all(example.value == by_query[example.query] for example in found)


def test_the_ranking_is_that_of_plain_loops() -> None:
    items, embedding = random_world()
    world = SlowWorld(items, embedding)
    result = run(items, embedding).find("object → parts", "class", "angle")
    for example in examples_of(items, embedding, result, "mAP", shown=7):
        order = world.ranked(example.query, world.boxes, "children", "query")
        assert example.retrieved.tolist() == order[:7]
        right = [bool(world.graph[world.label[example.query], world.label[row]]) for row in order]
        assert example.relevant.tolist() == right[:7] and example.relevant_total == sum(right)


def test_the_worst_come_first_whichever_way_the_metric_points() -> None:
    items, embedding = random_world()
    result = run(items, embedding).find("scene → contents", "class", "angle")
    for metric in ("mAP", "OT@39%", "TV@R", "recall@10"):
        values = result.values[metric]
        worst, best = (float(pick(values)) for pick in ((np.max, np.min) if lower_is_better(metric) else (np.min, np.max)))
        assert [examples_of(items, embedding, result, metric, order=order)[0].value for order in ("worst", "best")] == [worst, best]
        typical = [abs(example.value - np.median(values)) for example in examples_of(items, embedding, result, metric, order="typical")]
        assert typical == sorted(typical) and typical[0] == pytest.approx(np.abs(values - np.median(values)).min())
    assert lower_is_better("OT@R") and not lower_is_better("precision@R")


def test_equal_values_are_drawn_from_all_over_the_data() -> None:
    items, embedding = random_world(pictures=40)
    result = run(items, embedding).find("box → scene", "same image", "angle")
    found = examples_of(items, embedding, result, "hit rate@1", order="worst", limit=10)
    assert {example.value for example in found} == {0.0}
    assert len({int(items.image[example.query]) for example in found}) > 4
    again = examples_of(items, embedding, result, "hit rate@1", order="worst", limit=10)
    assert [example.query for example in again] == [example.query for example in found]


def test_one_class_only() -> None:
    items, embedding = random_world()
    found = run(items, embedding)
    boxes = found.find("box → scene", "same class", "angle")
    assert {int(items.label[e.query]) for e in examples_of(items, embedding, boxes, "precision@4", label=2, limit=99)} == {2}
    scenes = found.find("scene → contents", "class", "angle")
    shown = {e.query for e in examples_of(items, embedding, scenes, "mAP", label=2, limit=99)}
    assert shown == {int(items.offsets[m]) for m in items.image[items.label == 2]}


def test_a_class_no_query_has_gives_no_examples() -> None:
    items = make_items([[((1, 1, 9, 9), 0)], [((1, 1, 9, 9), 0)]], ("a", "b"))
    directions = np.eye(4, dtype=np.float32)
    embedding = Embedding(directions, np.ones(4, np.float32))
    result = run(items, embedding).find("box → scene", "same class", "angle")
    assert examples_of(items, embedding, result, "precision@1", label=1) == []


def test_a_prototype_is_shown_by_the_largest_box_of_its_class() -> None:
    small, large = (0, 0, 10, 10), (0, 0, 40, 40)
    items = make_items([[(small, 0), (large, 1)], [(large, 0), (small, 1)]], ("cat", "dog"))
    angles = np.array([0.0, 0.0, 2.0, 0.0, 0.1, 2.1])
    embedding = Embedding(np.stack([np.cos(angles), np.sin(angles)], 1).astype(np.float32), np.ones(6, np.float32))
    result = run(items, embedding).find("box → class", "prototype", "cosine")
    found = {e.query: e for e in examples_of(items, embedding, result, "accuracy", order="best")}
    assert found[1].retrieved.tolist() == [4, 2] and found[1].relevant.tolist() == [True, False]


def test_a_graph_and_a_sample_of_queries_are_those_of_the_evaluation() -> None:
    items, embedding = random_world()
    settings, hierarchy = replace(FAST, max_queries=5, apex="sum"), hierarchy_of(items)
    graph = class_graph(items, hierarchy)
    graph[:, 0] = False
    result = evaluate(items, hierarchy, embedding, settings, graph=graph).find("object → parts", "class", "angle")
    for example in examples_of(items, embedding, result, "mAP", settings, graph=graph, limit=99, shown=999):
        assert example.query in result.rows
        assert not (items.label[example.retrieved[example.relevant]] == 0).any()


def test_what_is_not_there_is_named() -> None:
    items, embedding = random_world()
    result = run(items, embedding).find("object → parts", "class", "angle")
    with pytest.raises(SelectionError, match="No metric 'F9' for object → parts; there is mAP"):
        examples_of(items, embedding, result, "F9")
    with pytest.raises(SelectionError, match="No task dog / class; there is part → object / instance"):
        examples_of(items, embedding, replace(result, task="dog"), "mAP")
    with pytest.raises(SelectionError, match="No score 'taste' here; there is angle, cosine, distance"):
        examples_of(items, embedding, replace(result, score="taste"), "mAP")
    with pytest.raises(SelectionError, match="No class 77"):
        examples_of(items, embedding, result, "mAP", label=77)
    with pytest.raises(SettingsError, match="order must be one of worst, best, typical"):
        examples_of(items, embedding, result, "mAP", order="random")


def test_the_listed_ranking_has_its_examples_too() -> None:
    items, embedding = random_world()
    retrieval = Retrieval.single(1.2, 0.8)
    found = evaluate(items, hierarchy_of(items), embedding, FAST, retrieval=retrieval).find("part → object", "instance", LISTED)
    shown = examples_of(items, embedding, found, "precision@5", limit=10_000, retrieval=retrieval)
    by_query = dict(zip(found.rows.tolist(), found.values["precision@5"].tolist(), strict=True))
    assert len(shown) > 5 and all(example.value == by_query[example.query] for example in shown)
    with pytest.raises(SelectionError, match="No score 'as listed' here"):
        examples_of(items, embedding, found, "precision@5")
