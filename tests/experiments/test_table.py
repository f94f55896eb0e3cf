"""Tables from hand-made results: means, Student's interval, paired differences, what is bold."""

from __future__ import annotations

import csv
import io
import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from hypviz.experiments import table
from hypviz.experiments.plan import Plan, Row

PLAN = Plan("hand-made", "A table", (Row("a", "Row a"), Row("b", "Row b", score="cosine")), {}, reference="a")
MAP = "object → parts mAP"


def result(angle: float, cosine: float, order: float | None = 0.5) -> dict[str, Any]:
    def task(score: str, value: float) -> dict[str, Any]:
        return {"task": "object → parts", "reading": "class", "score": score, "metrics": {"mAP": {"mean": value}}}

    evaluation = {"tasks": [task("angle", angle), task("cosine", cosine)], "radii": {"direct": order, "spearman": None}}
    return {"evaluation": evaluation, "judged": {"images": 7, "items": 70}, "cpu_seconds": 60.0}


A, B = (0.6, 0.7, 0.75), (0.5, 0.4, 0.6)
RESULTS = {"a": [result(x, 0.1) for x in A], "b": [result(0.9, x, None) for x in B]}


def test_a_cell_is_the_mean_with_students_interval() -> None:
    cell = table.lines(PLAN, RESULTS)["a"][MAP]
    low, high = stats.t.interval(0.95, 2, loc=np.mean(A), scale=stats.sem(A))
    assert cell.mean == pytest.approx(np.mean(A))
    assert cell.half == pytest.approx((high - low) / 2)
    assert str(cell) == f"{np.mean(A):.3f} ± {cell.half:.3f}"


def test_a_row_ranks_by_its_own_score_unless_told() -> None:
    assert table.lines(PLAN, RESULTS)["b"][MAP].mean == pytest.approx(0.5)
    assert table.lines(PLAN, RESULTS, score="angle")["b"][MAP].mean == pytest.approx(0.9)


def test_differences_are_paired_by_seed() -> None:
    cell = table.differences(PLAN, RESULTS)["b"][MAP]
    assert set(table.differences(PLAN, RESULTS)) == {"b"}
    apart = np.subtract(A, B)
    interval = stats.ttest_rel(A, B).confidence_interval(0.95)
    assert cell.mean == pytest.approx(apart.mean())
    assert (cell.mean - cell.half, cell.mean + cell.half) == pytest.approx((interval.low, interval.high))


def test_what_was_not_measured_is_a_dash_and_never_best() -> None:
    cells = table.lines(PLAN, RESULTS)["b"]
    assert str(cells["P(r_parent < r_child)"]) == "–" and math.isnan(cells["part → object P@5"].mean)
    page = table.to_markdown(PLAN, RESULTS, {"hyperbolic angle": 0.07})
    assert "| Row b | – | 0.500" in page and "**–**" not in page


def test_one_seed_has_no_interval() -> None:
    one = {name: runs[:1] for name, runs in RESULTS.items()}
    cell = table.lines(PLAN, one)["a"][MAP]
    assert math.isnan(cell.half) and str(cell) == "0.600"


def test_the_best_mean_of_a_column_is_bold_whichever_way_is_better() -> None:
    column = table.Column("x", ("", "", ""), "↓")
    cells = {"a": {"x": table.Cell.of([2.0, 2.0])}, "b": {"x": table.Cell.of([1.0, 1.0])}}
    lines = table._markdown(cells, [column], {"a": "A", "b": "B"})
    assert lines[-1] == "| B | **1.000 ± 0.000** |" and lines[-2] == "| A | 2.000 ± 0.000 |"


def test_csv_has_a_line_per_row_seed_and_figure() -> None:
    lines = list(csv.DictReader(io.StringIO(table.to_csv(PLAN, RESULTS))))
    assert len(lines) == 2 * 3 * len(table.COLUMNS)
    found = [float(line["value"]) for line in lines if line["row"] == "b" and line["figure"] == MAP]
    assert found == pytest.approx(B)


def test_json_holds_every_seed_and_null_for_nothing() -> None:
    summary = table.to_json(PLAN, RESULTS, {})
    assert summary["rows"]["a"][MAP]["values"] == pytest.approx(A)
    assert summary["rows"]["b"]["P(r_parent < r_child)"]["mean"] is None
