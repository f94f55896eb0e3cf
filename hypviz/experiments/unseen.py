"""What the recipe for photographs is worth on pictures it has not seen: part of them is left out of training and judged on.

A series of pictures (files whose names begin alike) is dealt into parts. Each part is left out in turn, a head is trained on the
features of all other pictures as the shipped one is, cones are calibrated on its validation pictures, and the part is judged
as a data set of its own, by the ranking that answers are listed by.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypviz.config import EncoderSettings
from hypviz.data.crops import build_crop_cache
from hypviz.data.hierarchy import Hierarchy, subset_hierarchy
from hypviz.data.items import Items, subset_images
from hypviz.errors import DataError
from hypviz.evaluation import LISTED, EvaluateSettings, Evaluation, calibrate_retrieval, evaluate
from hypviz.evaluation.calibration import calibrated
from hypviz.experiments.photos import BACKBONE, CHILDREN, CONTENTS, PARENTS, PICTURES, RECIPE
from hypviz.finetune.defaults import make_plan
from hypviz.finetune.features import Features, build_features
from hypviz.finetune.initial_encoder import rarity_weights
from hypviz.finetune.split import Split, split_images
from hypviz.inference.in_pictures import in_pictures, picture_rows
from hypviz.model.encoder import HyperbolicEncoder
from hypviz.progress import OnShare
from hypviz.search.embedding import Embedding
from hypviz.search.retrieval import Cones, Ranking, Retrieval

Mask = NDArray[np.bool_]
FIGURES = {
    "child → parent Top-5": ("box → scene", "same class", "precision@5"),
    "– other pictures": ("box → scene", "same class", "other pictures@5"),
    "parent → child mAP": ("scene → contents", "class", "mAP"),
    "parent → child P@12": ("scene → contents", "class", "precision@12"),
    "– other pictures ": ("scene → contents", "class", "other pictures@12"),
    "own classes @12": ("scene → contents", "class", "own classes@12"),
    "part → object P@5": ("part → object", "instance", "precision@5"),
    "– other pictures  ": ("part → object", "instance", "other pictures@5"),
    "object → parts mAP": ("object → parts", "instance", "mAP"),
    "1 % of the items hold": ("scene → contents", "class", "hubs@12"),
}
"""The columns: (task, reading, metric). All are shares."""
ORDER, BETWEEN, SPREAD, SCENES = "P(r)", "P(r), boxes in boxes", "‖mean u‖", "√c·r of scenes"
SHARES = (*FIGURES, ORDER, BETWEEN)
UNTOUCHED, IN_CONTEXT = "untouched backbone, cosine", "– with pictures and boxes seen together as by photos"
CHANCE, COSINE = "chance", "photos, cosine of the same vectors"
OURS = "photos, as listed"
BACKBONE_FEATURES = 1280
"""Features of the backbone itself; its classifier's probabilities come behind them."""
SETTINGS = EvaluateSettings(bootstrap=0, entailment_apexes=0)


@dataclass(frozen=True, eq=False)
class Photographs:
    """All pictures with the features of their items, (1 + views, N, F)."""

    items: Items
    hierarchy: Hierarchy
    features: NDArray[np.float32]
    encoder: EncoderSettings

    def part(self, mask: Mask) -> tuple[Items, Hierarchy, NDArray[np.int64]]:
        """Items, hierarchy and item rows of some images (M,)."""
        return subset_images(self.items, mask), subset_hierarchy(self.hierarchy, self.items, mask), np.flatnonzero(mask[self.items.image])


def series_parts(items: Items, beginning: str, count: int, *, seed: int = 0) -> list[Mask]:
    """The images whose file name (without folders) begins so, dealt at random into `count` parts of nearly equal size, as masks (M,).

    DataError when there are fewer than two of them for each part, or none left to learn from.
    """
    rows = np.flatnonzero([Path(name).name.startswith(beginning) for name in items.images.file_name.tolist()])
    if len(rows) < 2 * count or len(rows) == len(items.images):
        raise DataError(
            f"{len(rows)} of {len(items.images)} pictures have names that begin with {beginning!r}; for {count} parts to leave out in turn "
            f"there must be at least {2 * count} of them, and others to learn from."
        )
    parts = []
    for chosen in np.array_split(np.random.default_rng(seed).permutation(rows), count):
        mask = np.zeros(len(items.images), np.bool_)
        mask[chosen] = True
        parts.append(mask)
    return parts


def load_photographs(items: Items, hierarchy: Hierarchy, cache: Path, *, views: int, on_share: OnShare) -> Photographs:
    """Pictures with their features, computed once and kept in `cache`; views: augmented ones beside the plain one."""
    from hypviz.config import TrainSettings
    from hypviz.finetune.initial_encoder import start_settings
    from hypviz.finetune.request import FinetuneRequest
    from hypviz.inference.embed import in_fastest_dtype
    from hypviz.model.encoder import backbone_hash, build_encoder

    settings = start_settings(FinetuneRequest(str(cache), backbone=BACKBONE))
    encoder = build_encoder(settings).eval()
    path = cache / f"features-{backbone_hash(encoder)}-{items.data_hash}-{views}-1-0.2-0.npy"
    crops = build_crop_cache(items, cache, size=encoder.image_size, workers=2)
    quick = in_fastest_dtype(encoder, crops, count=len(crops) * (1 + views))
    features = build_features(quick, crops, path, TrainSettings(), views=views, on_share=on_share)
    return Photographs(items, hierarchy, features.values, settings)


def split_without(items: Items, left_out: Mask) -> Split:
    """The split that the recipe makes of the other images, over all of them: those left out are on neither side."""
    others = np.flatnonzero(~left_out)
    inner = split_images(subset_images(items, ~left_out), share=RECIPE["tune.validation_share"])
    sides = []
    for side in (inner.train, inner.validation):
        mask = np.zeros(len(left_out), np.bool_)
        mask[others[side]] = True
        sides.append(mask)
    return Split(sides[0], sides[1], inner.how, inner.stated, inner.missing)


def trained_without(
    photographs: Photographs, left_out: Mask, seed: int, settings: Mapping[str, Any]
) -> tuple[HyperbolicEncoder, Retrieval, Features]:
    """A head by the recipe on all pictures but those left out, its cones from its validation pictures, and the features it looks at.

    settings: of the recipe, changed, such as {"loss.anchor": 0.3}.
    """
    from hypviz.model.card import Card
    from hypviz.model.checkpoint import save_checkpoint
    from hypviz.model.encoder import build_encoder
    from hypviz.model.fresh_head import fit_head
    from hypviz.training.loop import train

    items, split = photographs.items, split_without(photographs.items, left_out)
    plan = make_plan("head", photographs.encoder, items, split, {**RECIPE, **settings})
    steps = plan.recipe.train.steps
    recipe = replace(plan.recipe, train=replace(plan.recipe.train, seed=seed, validate_every=steps, save_every=steps, patience=0))
    encoder = build_encoder(photographs.encoder, seed=seed)
    rows = np.flatnonzero(split.train[items.image])
    fit_head(encoder, photographs.features[0, rows], rarity_weights(items.label[rows]))
    look = Features(photographs.features, seed=seed, dropout=plan.tune.dropout)
    with TemporaryDirectory() as folder:
        start = save_checkpoint(Path(folder) / "start", encoder, Card("start", photographs.encoder))
        trained, _ = train(items, photographs.hierarchy, Path(folder), recipe, init=start, image_mask=split.train, look=look)
    held, hierarchy, rows = photographs.part(split.validation)
    embedding = in_pictures(look.embedding(trained, rows), picture_rows(held), replace(photographs.encoder, **PICTURES))
    cones = calibrate_retrieval(held, hierarchy, embedding, rankings=(PARENTS,))
    return trained, replace(cones, children=CHILDREN, contents=CONTENTS, parents=PARENTS), look


def judged(items: Items, hierarchy: Hierarchy, embedding: Embedding, retrieval: Retrieval) -> dict[str, dict[str, float]]:
    """The figures of one model on one set, by the row of the table: as listed, by cosine, and chance; NaN where there is no query."""
    evaluation = evaluate(items, hierarchy, embedding, SETTINGS, retrieval=retrieval)
    radii = np.asarray(embedding.radii)[items.is_scene] * embedding.curv**0.5
    edges = hierarchy.edges
    between = edges.direct & ~items.is_scene[edges.parent]
    within = embedding.radii[edges.parent[between]] < embedding.radii[edges.child[between]]
    radii_figures = {
        ORDER: evaluation.radii.direct,
        BETWEEN: float(within.mean()) if len(within) else math.nan,
        SPREAD: evaluation.mean_direction,
        SCENES: float(np.median(radii)),
    }
    return {
        OURS: _figures(evaluation, LISTED) | radii_figures,
        COSINE: _figures(evaluation, "cosine"),
        CHANCE: _chances(evaluation) | {ORDER: 0.5, BETWEEN: 0.5},
    }


def untouched(
    items: Items, hierarchy: Hierarchy, features: NDArray[np.floating], settings: EncoderSettings | None = None
) -> dict[str, float]:
    """The figures of a backbone's features (N, F) as they are, centred on these pictures, by their cosine; settings: how pictures and
    boxes are seen together, None for not at all."""
    centred = features - features.mean(axis=0)
    directions = (centred / np.linalg.norm(centred, axis=1, keepdims=True)).astype(np.float32)
    space = Embedding(directions, np.ones(len(directions), np.float32), geometry="cosine")
    space = in_pictures(space, picture_rows(items), settings) if settings else space
    everything = Retrieval(Ranking("cosine"), Ranking("cosine"), Cones((math.pi,)))
    return _figures(evaluate(items, hierarchy, space, SETTINGS, retrieval=everything), LISTED)


def judge_without(photographs: Photographs, left_out: Mask, seed: int, settings: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """All rows of one run: trained without some images (M,), judged on them alone."""
    trained, retrieval, look = trained_without(photographs, left_out, seed, settings)
    items, hierarchy, rows = photographs.part(left_out)
    seen = replace(photographs.encoder, **PICTURES)
    embedding = in_pictures(look.embedding(trained, rows), picture_rows(items), seen)
    retrieval = calibrated(items, hierarchy, embedding, retrieval).retrieval
    plain = photographs.features[0, rows, :BACKBONE_FEATURES]
    return {
        **judged(items, hierarchy, embedding, retrieval),
        UNTOUCHED: untouched(items, hierarchy, plain),
        IN_CONTEXT: untouched(items, hierarchy, plain, seen),
    }


def table(runs: Sequence[Mapping[str, Mapping[str, float]]]) -> str:
    """The runs as Markdown: mean ± half of Student's 95 % interval over parts and seeds, and what is gained over the untouched
    backbone on the same pictures."""
    columns = [*FIGURES, ORDER, BETWEEN, SPREAD, SCENES]

    def line(name: str, values: Mapping[str, Sequence[float]]) -> str:
        cells = []
        for column in columns:
            mean, half = interval(values[column]) if column in values else (math.nan, math.nan)
            factor, digits = (100, 1) if column in SHARES else (1, 3)
            cells.append("–" if math.isnan(mean) else f"{factor * mean:.{digits}f} ± {factor * half:.{digits}f}".replace(" ± nan", ""))
        return f"| {name} | {' | '.join(cells)} |"

    lines = [f"| | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    for name in (CHANCE, UNTOUCHED, IN_CONTEXT, OURS, COSINE):
        lines.append(line(name, {column: [run[name][column] for run in runs] for column in columns if column in runs[0][name]}))
    for base in (UNTOUCHED, IN_CONTEXT):
        gains = {column: [run[OURS][column] - run[base][column] for run in runs] for column in FIGURES}
        lines.append(line(f"as listed less: {base}", gains))
    return "\n".join(lines)


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Mean, and half of Student's 95 % interval of it; NaN for the half of one value."""
    from scipy.stats import t

    mean, count = float(np.mean(values)), len(values)
    return mean, float(t.ppf(0.975, count - 1) * np.std(values, ddof=1) / math.sqrt(count)) if count > 1 else math.nan


def _figures(evaluation: Evaluation, score: str) -> dict[str, float]:
    figures = {}
    for name, (task, reading, metric) in FIGURES.items():
        try:
            figures[name] = evaluation.find(task, reading, score).figures()[metric][0].mean
        except KeyError:
            figures[name] = math.nan
    return figures


def _chances(evaluation: Evaluation) -> dict[str, float]:
    figures = {}
    for name, (task, reading, metric) in FIGURES.items():
        try:
            figures[name] = evaluation.find(task, reading, LISTED).figures()[metric][1]
        except KeyError:
            figures[name] = math.nan
    return figures
