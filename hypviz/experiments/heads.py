"""A table of heads on the cached features of one frozen backbone: what each objective is worth, in seconds a run.

Every row has the same polar head, start and batches; they differ in what they contrast. The set is split by image into training,
validation and test pictures. Validation chooses each row's temperature, dropout and number of steps (with the first seed), the ranking
and the cones; the test pictures are looked at once per run. In every row pictures and boxes are seen together as by a checkpoint that is
fine-tuned from that backbone. The first rows are the backbone as it is, the cosine of its centred features, alone and seen together.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypviz.config import EncoderSettings, PairSettings, TrainSettings
from hypviz.data.crops import build_crop_cache
from hypviz.data.hierarchy import Hierarchy, subset_hierarchy
from hypviz.data.items import Items, subset_images
from hypviz.errors import CollapseError
from hypviz.evaluation import LISTED, EvaluateSettings, calibrate_retrieval, evaluate
from hypviz.evaluation.task import listed_ranking
from hypviz.experiments.unseen import interval, series_parts
from hypviz.finetune.features import Features, build_features
from hypviz.finetune.initial_encoder import rarity_weights
from hypviz.finetune.split import split_images
from hypviz.inference.in_pictures import in_pictures, picture_rows
from hypviz.progress import OnShare
from hypviz.search.embedding import Embedding
from hypviz.search.retrieval import MAX_ANGLE, Cones, Ranking, Retrieval
from hypviz.training.loop import train
from hypviz.training.losses import LossSettings
from hypviz.training.state import Recipe
from hypviz.workspace.store import Workspace

FIGURES = {
    "child → parent Top-5": ("box → scene", "same class", "precision@5"),
    "child → parent, other pictures": ("box → scene", "same class", "other pictures@5"),
    "parent → child mAP": ("scene → contents", "class", "mAP"),
    "parent → child P@12": ("scene → contents", "class", "precision@12"),
    "parent → child, other pictures": ("scene → contents", "class", "other pictures@12"),
    "part → object P@5": ("part → object", "instance", "precision@5"),
    "object → parts mAP": ("object → parts", "instance", "mAP"),
}
ORDER = "P(r_parent < r_child)"
BY = {
    "angle at the query": Ranking("angle", "query"),
    "angle at the candidate": Ranking("angle", "candidate"),
    "angle at both": Ranking("angle", "sum"),
    "cosine": Ranking("cosine"),
}
"""Ways to rank that every row is judged by, beside the one that validation chooses."""
BATCH_PAIRS = 256
TEMPERATURES = (0.035, 0.07, 0.2)
STEPS = (0.5, 1, 2)
"""How many times the steps that are asked for validation tries for each row: the angle is learned sooner than the cosine."""
DROPOUTS = (0.0, 0.1)
"""Shares of hidden features that validation tries for each row (`finetune.features.hidden`)."""
FAST = EvaluateSettings(bootstrap=0, baselines=False, entailment_apexes=0)


@dataclass(frozen=True)
class HeadRow:
    """One objective. cross_image, cross_from: see `PairSettings`."""

    name: str
    loss: LossSettings
    geometry: str = "hyperbolic"
    cross_image: int = 1
    cross_from: str = "ancestors"


def _angle(geometry: Any = "hyperbolic") -> LossSettings:
    return LossSettings(geometry=geometry, denominator="sincere", anchor=0.1)


ROWS = (
    HeadRow("cosine InfoNCE", _angle("cosine"), "cosine"),
    HeadRow("HCL distance", replace(_angle(), objective="distance")),
    HeadRow("MERU-style hinge", replace(_angle(), objective="hinge")),
    HeadRow("euc", _angle("euclidean"), "euclidean", 0),
    HeadRow("hyp", _angle(), cross_image=0),
    HeadRow("euc†", _angle("euclidean"), "euclidean", 1, "scene"),
    HeadRow("hyp†", _angle(), cross_from="scene"),
    HeadRow("euc† + ancestors", _angle("euclidean"), "euclidean"),
    HeadRow("hyp† + ancestors", _angle()),
)
DUEL = "hyp† + ancestors"
"""The row that is held against all others."""
BACKBONE_ROWS = {"untouched backbone, cosine": False, "the same, pictures and boxes seen together": True}
"""The rows without training: name → whether pictures and boxes are seen together."""


@dataclass(frozen=True, eq=False)
class Ground:
    """What all runs share: a data set, its features (N, F) and the images (M,) to learn from, to choose by and to judge on."""

    items: Items
    hierarchy: Hierarchy
    features: NDArray[np.float32]
    train: NDArray[np.bool_]
    choose: NDArray[np.bool_]
    judge: NDArray[np.bool_]
    encoder: EncoderSettings

    def part(self, mask: NDArray[np.bool_]) -> tuple[Items, Hierarchy, NDArray[np.float32]]:
        """Items, hierarchy and features of some images."""
        rows = np.flatnonzero(mask[self.items.image])
        return subset_images(self.items, mask), subset_hierarchy(self.hierarchy, self.items, mask), self.features[rows]


def prepare(
    workspace: Path,
    backbone: str,
    cache: Path,
    *,
    dimension: int | None = None,
    leave_out: str = "",
    on_share: OnShare,
) -> Ground:
    """Split the workspace 3 : 1 by image, an eighth of the larger part for choosing, and compute the features of its items.

    dimension: of the heads' space, None for the one that a fresh head gets.  leave_out: judge on the pictures whose file names begin so,
    and learn from all others, instead of the split; DataError where fewer than two pictures' do, or all do.
    """
    from hypviz.finetune.initial_encoder import start_settings
    from hypviz.finetune.request import FinetuneRequest
    from hypviz.inference.embed import in_fastest_dtype
    from hypviz.model.encoder import backbone_hash, build_encoder

    opened = Workspace.open(workspace)
    settings = start_settings(FinetuneRequest(str(workspace), backbone=backbone))
    settings = settings if dimension is None else replace(settings, embed_dim=dimension)
    encoder = build_encoder(settings).eval()
    crops = build_crop_cache(opened.items, cache, size=encoder.image_size, workers=2)
    path = cache / f"features-{backbone_hash(encoder)}-{opened.items.data_hash}.npy"
    quick = in_fastest_dtype(encoder, crops, count=len(crops))
    features = build_features(quick, crops, path, TrainSettings(), views=0, on_share=on_share).values[0]
    learned, judge = _sides(opened.items, leave_out)
    choose = np.zeros(len(learned), np.bool_)
    shuffled = np.random.default_rng(1).permutation(np.flatnonzero(learned))
    choose[shuffled[: max(2, len(shuffled) // 8)]] = True
    return Ground(opened.items, opened.hierarchy, features, learned & ~choose, choose, judge, settings)


def _sides(items: Items, leave_out: str) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """The images (M,) to learn from, and those to judge on."""
    if not leave_out:
        split = split_images(items)
        return split.train, split.validation
    (judge,) = series_parts(items, leave_out, 1)
    return ~judge, judge


def run_row(
    ground: Ground, row: HeadRow, *, seed: int, steps: int, temperature: float, dropout: float = 0.0
) -> tuple[dict[str, float], float]:
    """The figures of one run on the test pictures, and its mean figure on those it chose by: NaN, and 0, of a training that collapsed."""
    from hypviz.model.card import Card
    from hypviz.model.checkpoint import save_checkpoint
    from hypviz.model.encoder import build_encoder
    from hypviz.model.fresh_head import fit_head

    settings = replace(ground.encoder, geometry=row.geometry, temperature_init=temperature)
    encoder = build_encoder(settings, seed=seed)
    rows = np.flatnonzero(ground.train[ground.items.image])
    fit_head(encoder, ground.features[rows], rarity_weights(ground.items.label[rows]))
    look = Features(ground.features[None], seed=seed, dropout=dropout)
    pairs = PairSettings(batches="images", cross_image=row.cross_image, cross_from=row.cross_from)
    schedule = TrainSettings(steps=steps, batch_pairs=BATCH_PAIRS, backbone_lr_scale=0.0, validate_every=steps, save_every=steps, seed=seed)
    with TemporaryDirectory() as folder:
        start = save_checkpoint(Path(folder) / "start", encoder, Card("start", settings))
        recipe = Recipe(settings, schedule, pairs, row.loss)
        try:
            trained, _ = train(ground.items, ground.hierarchy, Path(folder), recipe, init=start, image_mask=ground.train, look=look)
        except CollapseError:
            return dict.fromkeys((*FIGURES, ORDER), math.nan), 0.0

    def embedded(mask: NDArray[np.bool_]) -> Embedding:
        rows = np.flatnonzero(mask[ground.items.image])
        return in_pictures(look.embedding(trained, rows), picture_rows(ground.items, rows), ground.encoder)

    items, hierarchy, _ = ground.part(ground.choose)
    retrieval = calibrate_retrieval(items, hierarchy, embedded(ground.choose))
    chosen = figures(items, hierarchy, embedded(ground.choose), retrieval)
    judged = figures(*ground.part(ground.judge)[:2], embedded(ground.judge), retrieval)
    return judged, float(np.nanmean([chosen[name] for name in FIGURES]))


def chosen(validation: Callable[[float, int, float], float], steps: int) -> tuple[float, int, float]:
    """τ, a number of steps and a dropout that do best on the validation pictures: first τ with `steps`, then the dropout with that τ, then
    the number with both."""
    tau = max(TEMPERATURES, key=lambda one: validation(one, steps, 0.0))
    dropout = max(DROPOUTS, key=lambda one: validation(tau, steps, one))
    return tau, max((max(1, round(share * steps)) for share in STEPS), key=lambda one: validation(tau, one, dropout)), dropout


def untouched(ground: Ground, *, together: bool) -> dict[str, float]:
    """The figures of the backbone's own features, centred on the pictures judged, by their cosine; together: pictures and boxes are seen
    together as in every other row."""
    items, hierarchy, features = ground.part(ground.judge)
    centred = features - features.mean(axis=0)
    directions = centred / np.linalg.norm(centred, axis=1, keepdims=True)
    embedding = Embedding(directions.astype(np.float32), np.ones(len(directions), np.float32), geometry="cosine")
    if together:
        embedding = in_pictures(embedding, picture_rows(items), ground.encoder)
    return figures(items, hierarchy, embedding, Retrieval(Ranking("cosine"), Ranking("cosine"), Cones((math.pi,))))


def figures(items: Items, hierarchy: Hierarchy, embedding: Embedding, retrieval: Retrieval) -> dict[str, float]:
    """All figures by the ranking as listed, and as "FIGURE, by WAY" by those of `BY`; NaN where the data has no such query, and for the
    order of radii that mean nothing."""
    ways = {name: Retrieval(one, one, Cones((MAX_ANGLE,))) for name, one in BY.items() if _applies(one, embedding)}
    rankings = {f"by {name}": listed_ranking(embedding, way) for name, way in ways.items()}
    judged = evaluate(items, hierarchy, embedding, FAST, retrieval=retrieval, rankings=rankings)
    values = {}
    for name, (task, reading, metric) in FIGURES.items():
        for by in (LISTED, *rankings):
            try:
                value = judged.find(task, reading, by).metrics[metric].mean
            except KeyError:
                value = math.nan
            values[name if by == LISTED else f"{name}, {by}"] = value
    return values | {ORDER: math.nan if embedding.geometry == "cosine" else judged.radii.direct}


def _applies(ranking: Ranking, embedding: Embedding) -> bool:
    """Whether a way to rank is one of its own in this geometry: with cosines alone all angles are the same."""
    return embedding.geometry != "cosine" or ranking.by == "cosine"


def chance(ground: Ground) -> dict[str, float]:
    """What every figure is worth by chance on the test pictures."""
    items, hierarchy, features = ground.part(ground.judge)
    embedding = Embedding(np.ones((len(features), 1), np.float32), np.ones(len(features), np.float32), geometry="cosine")  # any will do
    judged = evaluate(items, hierarchy, embedding, FAST)
    known = {(result.task, result.reading): result for result in judged.results}
    values = {name: known[task, reading].chance_of(metric) if (task, reading) in known else math.nan
             for name, (task, reading, metric) in FIGURES.items()}  # fmt: skip
    return values | {ORDER: 0.5}


def page(
    chance: Mapping[str, float], backbone: Mapping[str, Mapping[str, float]], runs: Mapping[str, Sequence[Mapping[str, float]]]
) -> str:
    """Markdown: a table of all rows by the ranking that validation chose for each, what each of `DUEL` gains over the others, paired by
    seed, and a table of the rows under every way to rank. backbone: row → its figures, nothing trained.  runs: row → a run a seed;
    means ± half of Student's 95 % interval, in %."""
    columns = [*FIGURES, ORDER]

    def line(name: str, values: Mapping[str, Sequence[float]], columns: Sequence[str]) -> str:
        return f"| {name} | {' | '.join(_cell(values.get(column, ())) for column in columns)} |"

    def head(columns: Sequence[str]) -> list[str]:
        return [f"| % | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]

    def over(results: Sequence[Mapping[str, float]], column: str) -> list[float]:
        return [result.get(column, math.nan) for result in results]

    lines = head(columns)
    lines += [line(name, {column: [values[column]] for column in columns}, columns) for name, values in
              (("chance", chance), *backbone.items())]  # fmt: skip
    lines += [line(name, {column: over(results, column) for column in columns}, columns) for name, results in runs.items()]
    leader = next((name for name in runs if name.startswith(f"{DUEL},")), None)
    if leader:
        lines += ["", f"{DUEL} minus each row, paired by seed:", "", *head(columns)]
        for name, values in backbone.items():
            floor = {column: [value - values[column] for value in over(runs[leader], column)] for column in columns}
            lines.append(line(name, floor, columns))
        for name, results in runs.items():
            if name != leader:
                gains = {c: [a - b for a, b in zip(over(runs[leader], c), over(results, c), strict=False)] for c in columns}
                lines.append(line(name, gains, columns))
    lines += ["", "The same runs under each way to rank:"]
    for figure in FIGURES:
        lines += ["", *[text.replace("| % |", f"| {figure}, % |") for text in head([*BY])]]
        lines += [line(name, {by: over(results, f"{figure}, by {by}") for by in BY}, [*BY]) for name, results in runs.items()]
    return "\n".join(lines)


def _cell(values: Sequence[float]) -> str:
    if not len(values) or not np.isfinite(values).all():
        return "–"
    mean, half = interval([100 * value for value in values])
    return f"{mean:.1f}" if len(values) < 2 else f"{mean:.1f} ± {half:.1f}"
