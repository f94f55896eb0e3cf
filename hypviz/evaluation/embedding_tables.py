"""Tables of what is no retrieval: entailment, cones, radii and directions; each with what chance is worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from hypviz.evaluation.report import Evaluation
from hypviz.evaluation.tables import CHANCE, Cell, Column, Row, Table
from hypviz.evaluation.units import in_words

RADII, ENTAILMENT, CONES = "radii", "entailment", "cones"
"""Tasks of cells that are no retrieval. Metrics of radii are "direct", "ancestors", "spearman", "mean direction" or "depth N"."""
NAN = float("nan")


def radii_table(evaluations: Mapping[str, Evaluation]) -> Table:
    """Order of radii, mean radius by depth, and how far the directions are spread."""
    judged = {source: one for source, one in evaluations.items() if one.geometry != "cosine"}  # radii mean nothing there
    depths = sorted({level for evaluation in judged.values() for level, _, _ in evaluation.radii.by_depth})
    columns = [
        Column("P(r_parent < r_child), direct", "higher"),
        Column("all ancestors", "higher"),
        Column("Spearman(depth, radius)", "higher"),
        Column("‖mean direction‖", "lower"),
        *(Column(f"radius at depth {depth}", "") for depth in depths),
    ]
    rows = [_radii_row(source, one, depths) for source, one in judged.items()]
    spread = max((one.items for one in judged.values()), default=1) ** -0.5
    values = {"direct": 0.5, "ancestors": 0.5, "spearman": 0.0, "mean direction": spread} | {f"depth {depth}": NAN for depth in depths}
    rows.append(Row(CHANCE, "", tuple(replace(_figure(*each), pictures=False) for each in values.items()), chance=True))
    note = (
        "Is a parent nearer to the root than its child? Over direct pairs, over all pairs, in %; the norm of the mean direction in %, 100"
        " when all directions are one; and the mean radius at each depth."
    )
    return Table("Radial order and radius by depth", note, tuple(columns), tuple(rows))


def _radii_row(source: str, evaluation: Evaluation, depths: list[int]) -> Row:
    radii = evaluation.radii
    means = {level: mean for level, _, mean in radii.by_depth}
    cells = [
        _figure("direct", radii.direct, radii.direct_interval),
        _figure("ancestors", radii.ancestors, radii.ancestors_interval),
        _figure("spearman", radii.spearman),
        _figure("mean direction", evaluation.mean_direction),
        *(_figure(f"depth {depth}", means.get(depth, NAN)) for depth in depths),
    ]
    return Row(source, "", tuple(cells))


def _figure(metric: str, value: float, interval: tuple[float, float] = (NAN, NAN)) -> Cell:
    plain = metric == "spearman" or metric.startswith("depth")
    text = in_words(metric, value) if not plain or value != value else f"{value:.3f}"
    return Cell(text, value, *interval, RADII, "", "", metric, pictures=metric != "mean direction")


def entailment_table(evaluations: Mapping[str, Evaluation]) -> Table:
    """AUC and AP of every score over entailed and other pairs."""
    rows, base_rate, used = [], NAN, ""
    for source, evaluation in evaluations.items():
        for one in evaluation.entailment:
            rows.append(Row(source, one.score, _entailment_cells(one.score, one.auc, one.balanced_precision, one.average_precision)))
            base_rate, sample = one.base_rate, f"{one.apexes:,} of {one.apexes_available:,} items"
            used = f" {one.entailed:,} of {one.pairs:,} pairs are; x: {sample}."
    rows.append(Row(CHANCE, "", _entailment_cells("", 0.5, 0.5, base_rate), chance=True))
    note = (
        "Does the score tell a pair (x, y), y inside x in its picture, from a pair that is not entailed? In %. Balanced: both kinds of"
        " pairs weigh the same."
    )
    columns = tuple(Column(name, "higher") for name in ("AUC", "AP, balanced", "AP"))
    return Table("Entailment", note + used, columns, tuple(rows))


def _entailment_cells(score: str, auc: float, balanced: float, precision: float) -> tuple[Cell, ...]:
    rare = replace(_share(ENTAILMENT, score, "AP", precision), text=f"{100 * precision:.3f}" if precision == precision else "–")
    return _share(ENTAILMENT, score, "AUC", auc), _share(ENTAILMENT, score, "AP, balanced", balanced), rare


def cone_table(evaluations: Mapping[str, Evaluation]) -> Table:
    """What the cones of each checkpoint hold; the chance row admits everything."""
    columns = [Column(f"F1, {reading}", "higher") for reading in ("class", "instance")]
    columns += [Column("precision, class", "higher"), Column("recall, class", "higher")]
    columns += [Column("F1 as many by chance, class", ""), Column("median share inside", ""), Column("median share that belongs", "")]
    rows, last = [], {}
    for source, evaluation in evaluations.items():
        if evaluation.cones:
            last = evaluation.cones
            one = last["class"]
            values = (one.f1, last["instance"].f1, one.precision, one.recall, one.f1_chance, one.median_share_inside, one.median_share_true)
            rows.append(Row(source, "", _cone_cells(values)))
    if last:
        one, p = last["class"], {name: quality.f1_everything for name, quality in last.items()}
        values = (p["class"], p["instance"], p["class"] / (2 - p["class"]), 1.0, p["class"], 1.0, one.median_share_true)
        rows.append(Row(CHANCE, "", _cone_cells(values), chance=True))
    note = "What is inside the cone of an item, against what belongs below it, by class or in its own picture; the last row is that of"
    return Table("Cones", f"{note} cones that hold everything. In %.", tuple(columns), tuple(rows))


def _cone_cells(values: tuple[float, ...]) -> tuple[Cell, ...]:
    names = ("f1 class", "f1 instance", "precision", "recall", "f1_chance", "median_share_inside", "median_share_true")
    return tuple(_share(CONES, "", name, value) for name, value in zip(names, values, strict=True))


def _share(task: str, score: str, metric: str, value: float) -> Cell:
    return Cell(in_words(metric, value), value, NAN, NAN, task, "", score, metric, pictures=False)
