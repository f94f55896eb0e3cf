"""The paper's tables: every number is that of an evaluation, and the best of a column is marked."""

from __future__ import annotations

import csv
import math
from dataclasses import replace

import numpy as np
import pytest

from hypviz.evaluation import Evaluation, evaluate, is_share, paper_tables
from hypviz.search.retrieval import Retrieval
from tests.evaluation.worlds import FAST, hierarchy_of, random_world, tree_world


@pytest.fixture(scope="module")
def evaluations() -> dict[str, Evaluation]:
    items, embedding = tree_world()
    noise = np.random.default_rng(0).permutation(len(items))
    settings = replace(FAST, bootstrap=50)
    return {
        "good": evaluate(items, hierarchy_of(items), embedding, settings, retrieval=Retrieval.single(1.0, 1.0)),
        "bad|one": evaluate(items, hierarchy_of(items), embedding.take(noise), settings, retrieval=Retrieval.single(1.0, 1.0)),
    }


def test_every_cell_says_where_its_number_is_from(evaluations: dict[str, Evaluation]) -> None:
    tables = paper_tables(evaluations)
    assert [table.title for table in tables] == [
        "Child → parent, same class", "Child → parent, same image", "Parent → child", "Part → object", "Object → parts",
        "What a person sees first, of a scene", "What a person sees first, of an object", "Recognition",
        "How wrong a wrong class is", "Entailment", "Cones", "Radial order and radius by depth",
    ]  # fmt: skip
    for table in tables[:-3]:
        for row in table.rows[:-1]:
            assert len(row.cells) == len(table.columns)
            for cell in row.cells:
                assert cell.score == row.score
                estimate, _ = evaluations[row.source].find(cell.task, cell.reading, cell.score).figures()[cell.metric]
                assert (cell.value, cell.low, cell.high) == pytest.approx((estimate.mean, estimate.low, estimate.high), nan_ok=True)
                shown = float(cell.text)
                assert shown == pytest.approx(100 * cell.value if is_share(cell.metric) else cell.value, abs=0.051)


def test_what_is_found_by_construction_is_said_to_be() -> None:
    items, embedding = tree_world()
    own = next(
        table for table in paper_tables({"one": evaluate(items, hierarchy_of(items), embedding, FAST)}) if "same image" in table.title
    )
    assert "by construction" in own.note


def test_every_table_ends_with_what_chance_is_worth(evaluations: dict[str, Evaluation]) -> None:
    for table in paper_tables(evaluations):
        *rows, last = table.rows
        assert last.chance and last.source == "chance" and not any(row.chance for row in rows)
        assert not any(cell.best for cell in last.cells)
        for cell in last.cells:
            if cell.reading:
                results = [one for e in evaluations.values() for one in e.results if (one.task, one.reading) == (cell.task, cell.reading)]
                found = {round(figures[cell.metric][1], 9) for one in results if cell.metric in (figures := one.figures())}
                assert found == {round(cell.value, 9)}
    assert [cell.text for cell in paper_tables(evaluations)[-1].rows[-1].cells][:3] == ["50.0", "50.0", "0.000"]


def test_metrics_that_are_no_shares_are_printed_as_they_are(evaluations: dict[str, Evaluation]) -> None:
    tables = {table.title: table for table in paper_tables(evaluations)}
    first = tables["What a person sees first, of a scene"]
    names = [column.name for column in first.columns]
    assert names == [
        "precision@12", "other pictures@12", "own boxes@12", "own classes@12", "own objects@12", "distinct classes@12", "hubs@12",
        "never@12",
    ]  # fmt: skip
    assert first.columns[5].better == "" and not any(row.cells[5].best for row in first.rows)  # few can be all there are
    distinct = first.rows[0].cells[5]
    assert distinct.text == f"{distinct.value:.2f}" and 1 <= distinct.value <= 12
    wrong = tables["How wrong a wrong class is"]
    assert [(column.name, column.better) for column in wrong.columns][:3] == [("TIE", "lower"), ("LCA", "lower"), ("Jaccard", "higher")]
    assert float(wrong.rows[0].cells[0].text) == pytest.approx(wrong.rows[0].cells[0].value, abs=0.01)


def test_the_columns_are_the_papers(evaluations: dict[str, Evaluation]) -> None:
    tables = {table.title: table for table in paper_tables(evaluations)}
    assert [column.name for column in tables["Child → parent, same class"].columns] == [
        "Top-1", "Top-4", "other pictures@5", "hubs@12"
    ]  # fmt: skip
    assert [(column.name, column.better) for column in tables["Parent → child"].columns] == [
        ("mAP", "higher"), ("recall@R", "higher"), ("recall@39%", "higher"), ("recall@65%", "higher"),
        ("OT@39%", "lower"), ("TV@39%", "lower"), ("OT@65%", "lower"), ("TV@65%", "lower"), ("OT@R", "lower"), ("TV@R", "lower"),
    ]  # fmt: skip
    assert [(row.source, row.score) for row in tables["Parent → child"].rows[:-1]] == [
        (name, score) for name in ("good", "bad|one") for score in ("angle", "cosine", "distance", "as listed")
    ]
    assert [(row.source, row.score) for row in tables["Recognition"].rows][:2] == [("good", "distance"), ("good", "cosine")]


def test_a_table_says_how_many_queries_it_is_of() -> None:
    items, embedding = random_world()
    found = evaluate(items, hierarchy_of(items), embedding, replace(FAST, max_queries=5))
    for table in paper_tables({"one": found, "other": found})[:-2]:
        used = {
            (result.queries, result.queries_available, result.pool)
            for result in found.results
            if result.task == table.rows[0].cells[0].task
        }
        for queries, available, pool in used:
            assert table.note.count(f" {queries} of {available} queries, pool of {pool}.") == 1


def test_radii_have_a_table_of_their_own(evaluations: dict[str, Evaluation]) -> None:
    table = paper_tables(evaluations)[-1]
    assert [row.source for row in table.rows] == [*evaluations, "chance"]
    radii = evaluations["bad|one"].radii
    values = {cell.metric: cell for cell in table.rows[1].cells}
    assert values["direct"].value == radii.direct and (values["direct"].low, values["direct"].high) == radii.direct_interval
    assert [values[f"depth {depth}"].value for depth, _, _ in radii.by_depth] == [mean for _, _, mean in radii.by_depth]
    assert not any(cell.best for row in table.rows for cell in row.cells if cell.metric.startswith("depth"))


def test_the_best_of_a_column_follows_its_direction(evaluations: dict[str, Evaluation]) -> None:
    for table in paper_tables(evaluations):
        for number, column in enumerate(table.columns):
            cells = [row.cells[number] for row in table.rows[:-1]]
            if column.better:
                best = (max if column.better == "higher" else min)(cell.value for cell in cells)
                assert [cell.best for cell in cells] == [cell.value == best for cell in cells]
    lonely = paper_tables({"good": evaluations["good"]})[-1]
    assert not any(cell.best for cell in lonely.rows[0].cells)


def test_what_only_one_evaluation_measured_is_a_dash_in_the_other() -> None:
    items, embedding = random_world()
    one = evaluate(items, hierarchy_of(items), embedding, replace(FAST, scene_k=(1,)))
    other = evaluate(items, hierarchy_of(items), replace(embedding, geometry="cosine"), replace(FAST, scene_k=(2,)))
    tables = paper_tables({"one": one, "other": other})
    first = tables[0]
    assert [column.name for column in first.columns] == ["Top-1", "Top-2", "other pictures@5", "hubs@12"]
    row = first.rows[-2]
    assert (row.source, row.cells[0].text, row.cells[2].text != "–") == ("other", "–", True) and math.isnan(row.cells[0].value)
    assert [row.source for row in tables[-1].rows] == ["one", "chance"]  # the radii of a cosine model mean nothing


def test_markdown_and_csv_hold_the_same_numbers(evaluations: dict[str, Evaluation]) -> None:
    for table in paper_tables(evaluations):
        page = table.to_markdown().splitlines()
        assert page[0] == f"## {table.title}"
        body = [line for line in page if line.startswith("|")]
        assert {line.replace("\\|", "").count("|") for line in body} == {len(table.columns) + 3}
        lines = list(csv.DictReader(table.to_csv().splitlines()))
        for row, line, words in zip(table.rows, lines, body[2:], strict=True):
            assert (line["checkpoint"], line["score"]) == (row.source, row.score)
            for column, cell in zip(table.columns, row.cells, strict=True):
                assert float(line[column.name] or "nan") == pytest.approx(cell.value, nan_ok=True)
                assert (f"**{cell.text}**" if cell.best else cell.text) in words
    head = paper_tables(evaluations)[2].to_markdown()
    assert "recall@39% ↑" in head and "OT@R ↓" in head and "bad\\|one" in head
