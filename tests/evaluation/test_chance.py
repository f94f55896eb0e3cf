"""Chance beside every figure: every metric of every reading has one, and random rankings reach it on the average."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from hypviz import metrics
from hypviz.evaluation import EvaluateSettings, Evaluation, evaluate
from hypviz.evaluation.run import measure_chance
from hypviz.evaluation.task import Floats, Ranking, Scorer, Task
from hypviz.evaluation.task_data import Rows, TaskData
from hypviz.evaluation.tasks import all_tasks
from tests.evaluation.worlds import FAST, SlowWorld, hierarchy_of, random_world

SETTINGS = EvaluateSettings(bootstrap=0, object_k=(1, 5), scene_k=(1, 4), recall_k=(10,), first_k=6)


def tasks_of(seed: int) -> list[Task]:
    items, embedding = random_world(seed=seed)
    world = SlowWorld(items, embedding)
    return all_tasks(TaskData(items, world.hierarchy, world.graph), SETTINGS)


@pytest.mark.parametrize("number", range(6))
def test_random_rankings_reach_the_chance_of_every_metric(number: int) -> None:
    task = tasks_of(0)[number]
    rng = np.random.default_rng(number)
    rows = task.queries
    luck = measure_chance(task, rows)
    drawn: list[dict[str, list[np.ndarray]]] = [{} for _ in task.readings]
    for _ in range(300):
        scores = rng.random((len(rows), len(task.pool))).astype(np.float32)
        task.leave_out(scores, rows)
        order = metrics.rank(scores, task.depth)
        for reading, into in zip(task.readings, drawn, strict=True):
            for name, values in reading.values(rows, order, order.hits(reading.relevant(rows))).items():
                into.setdefault(name, []).append(values)
    for found, expected in zip(drawn, luck, strict=True):
        assert found.keys() == expected.values.keys()
        for name, values in found.items():
            per_query = np.stack(values)
            np.testing.assert_array_equal(np.isnan(per_query).all(axis=0), np.isnan(expected.values[name]))
            each = per_query[:, ~np.isnan(expected.values[name])].mean(axis=1)
            assert each.mean() == pytest.approx(metrics.mean_of(expected.values[name]), abs=4.5 * each.std() / math.sqrt(300) + 1e-9), name


def test_the_base_rate_is_the_share_of_right_decisions() -> None:
    items, embedding = random_world()
    world = SlowWorld(items, embedding)
    found = evaluate(items, world.hierarchy, embedding, FAST).find("object → parts", "class", "angle")
    pairs = [(q, c) for q in world.objects for c in world.boxes if q != c]
    assert found.base_rate == pytest.approx(np.mean([world.graph[world.label[q], world.label[c]] for q, c in pairs]))


def test_chance_is_the_same_whatever_ranks() -> None:
    items, embedding = random_world()
    found = evaluate(items, hierarchy_of(items), embedding, FAST)
    for name, reading in {(result.task, result.reading) for result in found.results}:
        results = [result for result in found.results if (result.task, result.reading) == (name, reading)]
        assert all(result.chance is results[0].chance for result in results)


def random_ranking(seed: int) -> Ranking:
    def over(direction: str, pool: Rows) -> Scorer:
        rng = np.random.default_rng([seed, len(direction)])

        def score(queries: Rows) -> Iterator[tuple[slice, Floats]]:
            yield slice(0, len(queries)), rng.random((len(queries), len(pool))).astype(np.float32)

        return score

    return over


def by_radius(embedding) -> Ranking:
    """The items farthest from the root first, as children; the nearest first, as parents."""

    def over(direction: str, pool: Rows) -> Scorer:
        value = embedding.radii[pool] * (1 if direction == "children" else -1)
        return lambda queries: iter([(slice(0, len(queries)), np.tile(value, (len(queries), 1)))])

    return over


def test_any_ranking_can_be_a_row_of_the_report() -> None:
    items, embedding = random_world()
    world = SlowWorld(items, embedding)
    found = evaluate(items, world.hierarchy, embedding, FAST, rankings={"page": by_radius(embedding)})
    assert [result.score for result in found.results if (result.task, result.reading) == ("object → parts", "class")] == [
        "angle", "cosine", "distance", "page"
    ]  # fmt: skip
    result = found.find("part → object", "instance", "page")
    assert result.curve is None and result.best is None and result.hubs is not None
    for place, q in enumerate(result.rows.tolist()):
        order = sorted((o for o in world.objects if o != q), key=lambda o: (embedding.radii[o], o))
        hits = [world.label[q] in world.held(o) for o in order]
        wanted = sum(hits[:5]) / min(5, len(hits)) if any(hits) else math.nan
        assert result.values["precision@5"][place] == pytest.approx(wanted, nan_ok=True)
    assert not [result for result in found.results if result.task == "box → class" and result.score == "page"]


def test_a_ranking_that_knows_nothing_is_at_chance() -> None:
    items, embedding = random_world(pictures=60)
    found = evaluate(items, hierarchy_of(items), embedding, replace(FAST, bootstrap=300), rankings={"luck": random_ranking(5)})
    for result in found.results:
        if result.score == "luck":
            for name, (estimate, chance) in result.figures().items():
                if not math.isnan(estimate.low):
                    width = estimate.high - estimate.low
                    assert estimate.low - width / 2 <= chance <= estimate.high + width / 2, (result.task, result.reading, name)


def test_the_report_prints_chance_in_its_tables_and_files() -> None:
    items, embedding = random_world()
    found: Evaluation = evaluate(items, hierarchy_of(items), embedding, FAST)
    result = found.find("part → object", "instance", "angle")
    line = next(line for line in found.to_markdown().splitlines() if line.startswith("| *chance*"))
    assert f"{result.chance_of('precision@5'):.3f}" in line
    assert line.endswith(f"| {2 * result.base_rate / (1 + result.base_rate):.3f} |")
    told = next(task for task in found.to_json()["tasks"] if (task["task"], task["reading"]) == ("part → object", "instance"))
    assert told["metrics"]["precision@5"]["chance"] == pytest.approx(result.chance_of("precision@5"))
    assert told["base_rate"] == result.base_rate and told["hubs"]["never_chance"] >= 0
