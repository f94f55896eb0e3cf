"""What a table compares: rows of settings over one base, the same encoder, data and budget for all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hypviz.errors import SettingsError
from hypviz.storage.json_types import Json

Recipe = Mapping[str, Mapping[str, Any]]
"""The parts of `training.state.Recipe` as nested mappings; what is not said has its default."""


@dataclass(frozen=True)
class Row:
    """One line of a table. recipe: changes to the plan's base.  score: what it ranks by, "angle", "cosine" or
    "distance".  apex: of the scoring angle.  trained: False for the encoder as it is drawn.  family: rows of one family
    share a temperature."""

    name: str
    title: str
    family: str = "hyperbolic angle"
    score: str = "angle"
    apex: str = "query"
    trained: bool = True
    recipe: Recipe = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """A table. seeds: of the weights, the pairs and the augmentation.  temperatures: starts of τ tried for every family
    by one run of `tuning_steps` steps each, judged on validation.  reference: the row that all are compared with."""

    name: str
    title: str
    rows: tuple[Row, ...]
    base: Recipe
    reference: str
    seeds: tuple[int, ...] = (0, 1, 2)
    temperatures: tuple[float, ...] = (0.03, 0.07, 0.2)
    tuning_steps: int = 100
    tuning_seed: int = 1000


def merged(*recipes: Recipe) -> dict[str, Json]:
    """Recipes laid over one another, the later ones winning setting by setting.

    >>> merged({"train": {"steps": 9, "lr": 1.0}}, {"train": {"lr": 2.0}})
    {'train': {'steps': 9, 'lr': 2.0}}
    """
    result: dict[str, Json] = {}
    for recipe in recipes:
        for part, values in recipe.items():
            result[part] = {**result.get(part, {}), **values}
    return result


SMALL: Recipe = {
    "encoder": {"backbone": "demo-small", "embed_dim": 64, "image_size": 32},
    "train": {"steps": 400, "batch_pairs": 128, "lr": 3e-3, "precision": "bfloat16", "validate_every": 10**6, "save_every": 50},
    "pairs": {"batches": "images", "cross_image": 1},
    "loss": {"unsampled": "masked"},
}
"""A budget for two CPU cores. All rows share it but for the settings that they name."""
WITHIN: Recipe = {"pairs": {"cross_image": 0}, "loss": {"unsampled": "negative"}}
"""The models without †: pairs within an image only, and boxes of the same class in other images stay negatives [R]."""


def _geometry(name: str) -> Recipe:
    return {"encoder": {"geometry": name}, "loss": {"geometry": name}}


def _loss(**settings: str) -> Recipe:
    return {"loss": settings}


def _pairs(**settings: Any) -> Recipe:
    return {"pairs": settings}


EUCLIDEAN, COSINE = _geometry("euclidean"), _geometry("cosine")
HYP = Row("hyp†", "hyp†: hyperbolic angle, cross-image pairs")
EUC = Row("euc†", "euc†: Euclidean angle, cross-image pairs", "euclidean angle", recipe=EUCLIDEAN)

MAIN = (
    Row("untrained", "untrained encoder", trained=False),
    Row("cosine", "cosine InfoNCE on the same pairs (CLIP-style)", "cosine", "cosine", recipe=COSINE),
    Row("hcl", "HCL: hyperbolic distance on the same pairs", "hyperbolic distance", "distance", recipe=_loss(objective="distance")),
    Row("meru", "MERU-style: distance contrast and aperture hinge", "hinge", recipe=_loss(objective="hinge")),
    Row("euc", "euc: Euclidean angle, within image", "euclidean angle", recipe=merged(EUCLIDEAN, WITHIN)),
    Row("hyp", "hyp: hyperbolic angle, within image", recipe=WITHIN),
    EUC,
    HYP,
    Row("shuffled", "hyp† with the boxes' pictures shuffled (control)", recipe=_pairs(shuffled=True)),
)


def _dimension(size: int) -> tuple[Row, Row]:
    recipe: Recipe = {"encoder": {"embed_dim": size}}
    return (
        Row(f"euc† {size}-d", f"euc† in {size} dimensions", "euclidean angle", recipe=merged(EUCLIDEAN, recipe)),
        Row(f"hyp† {size}-d", f"hyp† in {size} dimensions", recipe=recipe),
    )


SWITCHES = (
    HYP,
    Row("p→c only", "parent as anchor only", recipe=_loss(direction="parent_to_child")),
    Row("c→p only", "child as anchor only", recipe=_loss(direction="child_to_parent")),
    Row("direct", "direct parents only", recipe=_pairs(ancestors="direct")),
    Row("K = 0", "no cross-image pairs, masked", recipe=_pairs(cross_image=0)),
    Row("K = 4", "four cross-image pairs a box", recipe=_pairs(cross_image=4)),
    Row("ancestors", "cross-image pairs from every ancestor of a box", recipe=_pairs(cross_from="ancestors")),
    Row("negative", "unsampled same-class items as negatives", recipe=_loss(unsampled="negative")),
    Row("positive", "unsampled same-class items as positives", recipe=_loss(unsampled="positive")),
    Row("SINCERE", "other positives out of the denominator", recipe=_loss(denominator="sincere")),
    Row("log of mean", "log of the mean over positives", recipe=_loss(reduction="log_of_mean")),
    Row("fixed c", "curvature fixed at −1", recipe={"encoder": {"learn_curv": False}}),
    Row("fused", "hyp†, ranked by β1 + α2", apex="sum"),
    Row("euc† fused", "euc†, ranked by β1 + α2", "euclidean angle", apex="sum", recipe=EUCLIDEAN),
)

PLANS = {
    plan.name: plan
    for plan in (
        Plan("paper-small", "The paper's models, in small", MAIN, SMALL, reference="hyp†"),
        Plan("switches-small", "Switches of the method, one at a time", SWITCHES, SMALL, reference="hyp†"),
        Plan(
            "dimensions-small", "Dimension of the space", (HYP, *(row for size in (2, 8, 32, 128) for row in _dimension(size))),
            SMALL, reference="hyp†",
        ),
    )
}  # fmt: skip


def find_plan(name: str) -> Plan:
    """The plan of that name; SettingsError naming those there are."""
    if name not in PLANS:
        raise SettingsError(f"No experiment called {name!r}; there is {', '.join(PLANS)}.")
    return PLANS[name]
