"""Evaluations of several checkpoints side by side, in the layout of the paper's tables (Wang et al., ICCV 2025).

One row per checkpoint and score, and a last one of what chance is worth. Every cell carries where its number is from, so
that a click can find its examples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from hypviz.evaluation.class_tree import IN_TREE
from hypviz.evaluation.embedding_tables import cone_table, entailment_table, radii_table
from hypviz.evaluation.report import Evaluation, TaskResult
from hypviz.evaluation.tables import CHANCE, Cell, Column, Row, Table, mark_best
from hypviz.evaluation.units import direction_of, in_words
from hypviz.metrics import Estimate

TREE_ERRORS = ("TIE", "LCA", "Jaccard", "P_H", "R_H")


@dataclass(frozen=True)
class _Part:
    """Some columns of a table: the metrics of one reading that `includes` says yes to, and their names as columns."""

    task: str
    reading: str
    includes: Callable[[str], bool]
    rename: Callable[[str], str] = str


def _starts(*names: str) -> Callable[[str], bool]:
    return lambda metric: metric.split("@")[0] in names


_hubs = _starts("hubs", "never")


def _in_tree(metric: str) -> bool:
    return metric.endswith(IN_TREE)


def _seen_first(metric: str) -> bool:
    first = _starts("precision", "other pictures", "own boxes", "own classes", "own objects", "distinct classes")
    return _hubs(metric) or (first(metric) and metric != "precision@R")


def _precision_by_instance(metric: str) -> str:
    return f"{metric}, instance" if metric.startswith(("precision", "other pictures")) else metric


def _of_the_pool(metric: str) -> bool:
    return metric.endswith(("%", "@R")) or metric == "mAP"


LAYOUT: tuple[tuple[str, str, tuple[_Part, ...]], ...] = (
    (
        "Child → parent, same class",
        "A box finds scenes that show its class: precision among the first k, and among the first k but its own, in %.",
        (
            _Part("box → scene", "same class", _starts("precision"), lambda metric: metric.replace("precision@", "Top-")),
            _Part("box → scene", "same class", _starts("other pictures", "hubs")),
        ),
    ),
    (
        "Child → parent, same image",
        "A box finds its own scene among the first k, in %. A model that sees boxes in their pictures finds it by construction, whatever it"
        " knows.",
        (_Part("box → scene", "same image", _starts("hit rate")),),
    ),
    (
        "Parent → child",
        "A scene finds boxes of the classes it shows, at depths of a share of the pool and of R, as many as are relevant. OT: class"
        " steps, classes in alphabetical order; TV: its order-free twin. All but OT in %.",
        (_Part("scene → contents", "class", _of_the_pool, lambda metric: metric.replace("precision@R", "recall@R")),),
    ),
    (
        "Part → object",
        "A box inside a box finds objects that hold its class (instance), or whose class may hold it (class): precision, in %, and by"
        " instance of those in other pictures alone. hubs: the share of all first answers that 1 % of the pool holds.",
        (
            _Part("part → object", "instance", _starts("precision", "other pictures"), lambda metric: f"{metric}, instance"),
            _Part("part → object", "class", _starts("precision"), lambda metric: f"{metric}, class"),
            _Part("part → object", "class", _starts("hubs")),
        ),
    ),
    (
        "Object → parts",
        "A box that holds boxes finds boxes of the classes under its own (class), or inside itself (instance), in %.",
        (
            _Part("object → parts", "class", _of_the_pool, lambda metric: f"{metric}, class"),
            _Part("object → parts", "instance", _of_the_pool, lambda metric: f"{metric}, instance"),
        ),
    ),
    (
        "What a person sees first, of a scene",
        "The first children of a scene: how many are of a class in it, how many of the first in other pictures are, how many are its own"
        " boxes (a number), which share of the classes"
        " of its boxes and of its objects (its direct children) they cover, of how many classes they are (a number). hubs: the share of all"
        " these answers that 1 % of the boxes hold; never: boxes that no scene finds. A model that sees boxes in their pictures lists a"
        " picture's own first whatever it knows: read what other pictures give. In %.",
        (_Part("scene → contents", "class", _seen_first),),
    ),
    (
        "What a person sees first, of an object",
        "The same of the first children of a box that holds boxes; precision by class and by instance.",
        (
            _Part("object → parts", "class", lambda metric: _seen_first(metric) and not _hubs(metric), lambda metric: f"{metric}, class"),
            _Part("object → parts", "instance", _seen_first, _precision_by_instance),
        ),
    ),
    (
        "Recognition",
        "The class of a box by its nearest box of another image, or by the nearest prototype made without its image: accuracy, in %.",
        (
            _Part("box → class", "nearest neighbour", _starts("accuracy"), lambda metric: "nearest neighbour"),
            _Part("box → class", "prototype", _starts("accuracy"), lambda metric: "prototype"),
        ),
    ),
    (
        "How wrong a wrong class is",
        "Between the class found by the nearest box (or prototype) and the right one, in the class graph with the scene as its root: TIE,"
        " edges apart; LCA, steps up to the lowest common ancestor; Jaccard, precision and recall of their ancestors in %.",
        (
            _Part("box → class", "nearest neighbour", TREE_ERRORS.__contains__),
            _Part("box → class", "prototype", TREE_ERRORS.__contains__, lambda metric: f"{metric}, prototype"),
        ),
    ),
    (
        "How wrong a wrong class is, in the class tree",
        "The same in the class tree that was brought with these data, in place of the class graph: TIE, edges apart; LCA, steps up to the"
        " lowest common ancestor; Jaccard, precision and recall of their ancestors in %.",
        (
            _Part("box → class", "nearest neighbour", _in_tree, lambda metric: metric.removesuffix(IN_TREE)),
            _Part("box → class", "prototype", _in_tree, lambda metric: f"{metric.removesuffix(IN_TREE)}, prototype"),
        ),
    ),
)  # fmt: skip


def paper_tables(evaluations: Mapping[str, Evaluation]) -> list[Table]:
    """The tables of some evaluations, by the name each is to have; those without a single number are left out.

    Columns are those that any of the evaluations measured; a row that lacks one has "–" there.
    """
    tables = [_retrieval_table(title, note, parts, evaluations) for title, note, parts in LAYOUT]
    tables += [entailment_table(evaluations), cone_table(evaluations), radii_table(evaluations)]
    return [mark_best(table) for table in tables if table.columns and not all(row.chance for row in table.rows)]


Figure = tuple[TaskResult, Estimate, float]
"""A result, one of its figures, and what that is worth by chance."""


def _retrieval_table(title: str, note: str, parts: tuple[_Part, ...], evaluations: Mapping[str, Evaluation]) -> Table:
    columns: dict[tuple[_Part, str], Column] = {}
    by_row: dict[tuple[str, str], dict[tuple[_Part, str], Figure]] = {}
    for part in parts:
        for source, evaluation in evaluations.items():
            for result in evaluation.results:
                if (result.task, result.reading) == (part.task, part.reading):
                    row = by_row.setdefault((source, result.score), {})
                    figures = result.figures()
                    for metric in filter(part.includes, figures):
                        columns.setdefault((part, metric), Column(part.rename(metric), direction_of(metric)))
                        row[part, metric] = result, *figures[metric]
    order = list(evaluations)
    rows = [Row(source, score, tuple(_cell(row.get(key), score, *key) for key in columns)) for (source, score), row in by_row.items()]
    rows.sort(key=lambda row: order.index(row.source))
    rows.append(Row(CHANCE, "", tuple(_chance_cell(key, by_row.values()) for key in columns), chance=True))
    used = dict.fromkeys(
        f" {result.queries:,} of {result.queries_available:,} queries, pool of {result.pool:,}."
        for row in by_row.values()
        for result, _, _ in row.values()
    )
    return Table(title, note + "".join(used), tuple(columns.values()), tuple(rows))


def _cell(figure: Figure | None, score: str, part: _Part, metric: str) -> Cell:
    nan = float("nan")
    mean, low, high = (figure[1].mean, figure[1].low, figure[1].high) if figure else (nan, nan, nan)
    pictures = figure is not None and metric in figure[0].metrics
    return Cell(in_words(metric, mean), mean, low, high, part.task, part.reading, score, metric, pictures=pictures)


def _chance_cell(key: tuple[_Part, str], rows: Iterable[Mapping[tuple[_Part, str], Figure]]) -> Cell:
    """The chance of a column, which is the same for every row that has it: the same queries meet the same pool."""
    part, metric = key
    value, nan = next(row[key][2] for row in rows if key in row), float("nan")
    return Cell(in_words(metric, value), value, nan, nan, part.task, part.reading, "", metric, pictures=False)
