"""The bidirectional multi-positive angle loss of Wang et al., ICCV 2025 (arXiv 2411.17490), and what it is compared with.

For a pair parent x → child y the loss makes β1 = π − ext(x, y) (the parent as anchor) and α2 = ext(y, x) (the child as
anchor) large against the other items of the batch, each by an InfoNCE with several positives:

    L = L^{p→c}(β1) + L^{c→p}(α2),    L = −mean_i mean_{j∈P(i)} log softmax_k(scale·s_ik)_j

Two other objectives serve the comparisons, on the same pairs and with the same masks: "distance" puts −distance in place
of the angles, as HCL does (Ge et al., CVPR 2023), and "hinge" adds to that contrast MERU's entailment loss (Desai et
al., ICML 2023): the excess of ext(parent, child) over the parent's half-aperture, with MERU's weight of 0.2.

The form of the mean, of the denominator and the treatment of unsampled positives are our readings of the paper, so they
are settings. With one positive per anchor the loss is that of ACCEPT (Ramasinghe et al., CVPR 2024): cross entropy on
the row logits −scale·ext(parent, children) and +scale·ext(child, parents).

Starting points: the loss has poor local minima in which parents lie far out, opposite their children (mean ext of the
pairs near 2.5). Free vectors drawn around the origin ended there in half of our toy runs; vectors that shared a common
direction, as those of a fresh encoder do, never did (0 of 24). Centring the features before the head takes that away.

Everything is computed in float32 at least, also inside `torch.autocast`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import partial
from typing import Literal, NamedTuple, get_args, get_type_hints

import torch
from torch import Tensor
from torch.nn import functional

from hypviz.errors import SettingsError
from hypviz.model.similarity import Geometry, Points, aperture_excess, similarities
from hypviz.training.log_shares import as_numbers, mean_log_share

Objective = Literal["angle", "distance", "hinge"]
Direction = Literal["both", "parent_to_child", "child_to_parent"]
Unsampled = Literal["masked", "positive", "negative"]
Denominator = Literal["infonce", "sincere"]
Reduction = Literal["mean_of_log", "log_of_mean"]
HINGE_WEIGHT = 0.2
"""Weight of MERU's entailment loss beside its contrast [A]."""


def _require(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(allowed)}, got {value!r}")


@dataclass(frozen=True)
class LossSettings:
    """The switches of the loss; an unknown value raises ValueError.

    objective: "angle" is the paper's; "distance" and "hinge" are the baselines of the module's text.
    direction: the paper reports both directions together as more stable than one.
    geometry: the Euclidean angle and the cosine are the baselines every hyperbolic result is read against.
    unsampled: pairs that the class graph calls related but that are not true positives. Left as negatives they
        contradict the positives: masking them took object → parts mAP from 0.44 to 0.90 in the feasibility runs.
    denominator: "infonce" keeps all positives of the anchor in it; "sincere" (Feeney & Hughes, 2023) removes the other
        positives, so that positives do not push each other away.
    reduction: the mean over the positives outside the logarithm treats all alike; inside it, the nearest leads.
    spread: λ >= 0 of λ‖mean direction‖² over the items of a batch [R]. Without it the directions of a small set gather in one
        corner of the sphere, and nothing that is drawn by angle is true.
    anchor: λ >= 0 of λ times the mean squared difference, in hundredths, between the cosines of the items' directions and those
        that the head gave at the start (relational distillation, Park et al., CVPR 2019) [R]: what a backbone knows of
        pictures unlike those at hand must survive.
    norm: λ >= 0 of λ·mean(c·r²) [R, after ARGENT, arXiv 2603.23311]: keeps √c·r where the angle has gradients.
    """

    objective: Objective = "angle"
    direction: Direction = "both"
    geometry: Geometry = "hyperbolic"
    unsampled: Unsampled = "masked"
    denominator: Denominator = "infonce"
    reduction: Reduction = "mean_of_log"
    spread: float = 0.0
    anchor: float = 0.0
    norm: float = 0.0

    def __post_init__(self) -> None:
        choices = get_type_hints(LossSettings)
        for field in fields(self):
            if choices[field.name] is float:
                if not 0 <= getattr(self, field.name) <= 1e6:
                    raise SettingsError(f"{field.name} must be a finite number of at least 0, to 1e6, got {getattr(self, field.name)!r}")
            else:
                _require(field.name, getattr(self, field.name), get_args(choices[field.name]))
        if self.objective == "hinge" and self.geometry != "hyperbolic":
            raise ValueError(f"objective 'hinge' is made of hyperbolic cones; it has no {self.geometry} form")


class LossOutput(NamedTuple):
    """The loss and its two directions, scalars. `total` is what to minimise: it holds the hinge as well, where there is one.

    Both directions are always there, so that runs with one direction can be compared; the one not trained on is detached.
    """

    total: Tensor
    parent_to_child: Tensor
    child_to_parent: Tensor


def pair_loss(
    parents: Points,
    children: Points,
    *,
    positive: Tensor,
    related: Tensor,
    never: Tensor,
    curv: Tensor | float,
    scale: Tensor | float,
    settings: LossSettings = LossSettings(),
    pair_weight: Tensor | None = None,
    parent_weight: Tensor | None = None,
) -> LossOutput:
    """The loss of P parents against C children.

    Boolean (P, C): `positive[i, j]`, child j is a descendant of parent i (sampled or true); `never[i, j]`, the two may
    never be negatives of one another (ancestor, descendant, self); `related[i, j]`, a positive by the class graph that
    was not sampled, used as `settings.unsampled` says. Where they overlap, positive wins over never over related.
    pair_weight (P, C), parent_weight (P,), both > 0: how much each positive counts for its parent, and each parent, in the direction
    parent → child; None for all alike. `scale` = 1/τ > 0, clamped by the caller. Anchors without a positive are left out of the mean.

    Raises ValueError for a matrix of another shape or dtype, or when no anchor has a positive.
    """
    shape = (parents[0].shape[0], children[0].shape[0])
    for name, matrix in (("positive", positive), ("related", related), ("never", never)):
        if matrix.shape != shape or matrix.dtype != torch.bool:
            got = f"{matrix.dtype} {tuple(matrix.shape)}"
            raise ValueError(f"{name} must be bool {shape} (parents, children), got {got}")
    if settings.unsampled == "positive":
        positive = positive | (related & ~never)
    ignore = never | related if settings.unsampled == "masked" else never
    with torch.autocast(positive.device.type, enabled=False):
        contrast = "distance" if settings.objective == "hinge" else settings.objective
        p2c, c2p = similarities(parents, children, curv=curv, geometry=settings.geometry, by=contrast)
        nce = partial(multi_positive_nce, scale=scale, denominator=settings.denominator, reduction=settings.reduction)
        forth = nce(p2c, positive, ignore, weight=pair_weight, anchor_weight=parent_weight)
        back = nce(c2p, positive.T, ignore.T)
        total = {"both": forth + back, "parent_to_child": forth, "child_to_parent": back}[settings.direction]
        if settings.objective == "hinge":
            total = total + HINGE_WEIGHT * aperture_excess(parents, children, positive, curv=curv)
    if settings.direction == "parent_to_child":
        back = back.detach()
    if settings.direction == "child_to_parent":
        forth = forth.detach()
    return LossOutput(total, forth, back)


def regularised(loss: LossOutput, points: Points, *, curv: Tensor, settings: LossSettings, start: Tensor | None = None) -> LossOutput:
    """The loss with its further terms over the distinct items of a batch, directions (U, D) and radii (U,).

    start: (U, D') the directions that the head gave the same features at the start; None leaves the anchor out.
    """
    total = loss.total
    if settings.anchor and start is not None:
        now, then = (each.float() @ each.float().T for each in (points[0], start))
        total = total + settings.anchor * 100 * (now - then).square().mean()
    if settings.spread:
        total = total + settings.spread * points[0].float().mean(dim=0).square().sum()
    if settings.norm:
        total = total + settings.norm * (curv * points[1].float().square()).mean()
    return loss._replace(total=total)


def multi_positive_nce(
    logits: Tensor,
    positive: Tensor,
    ignore: Tensor,
    *,
    scale: Tensor | float = 1.0,
    denominator: Denominator = "infonce",
    reduction: Reduction = "mean_of_log",
    weight: Tensor | None = None,
    anchor_weight: Tensor | None = None,
) -> Tensor:
    """InfoNCE of A anchors over K candidates with any number of positives each; a scalar of at least 0.

    `logits` (A, K), to be multiplied by `scale` > 0; `positive`, `ignore` (A, K) bool. Ignored candidates take no part and get no
    gradient, unless they are positive. Anchors without a positive are skipped; raises ValueError when none has one.
    weight (A, K), anchor_weight (A,), both > 0: of the positives in the mean of their anchor, and of the anchors; None for all alike.
    """
    _require("denominator", denominator, get_args(Denominator))
    _require("reduction", reduction, get_args(Reduction))
    logits = _at_least_float32(logits)
    anchors = positive.view(torch.int8).amax(dim=1) > 0
    if not bool(anchors.any()):
        raise ValueError("no anchor has a positive candidate: check how the batch was sampled and its positive matrix")
    share = positive if weight is None else torch.where(positive, weight.to(logits.dtype), 0)
    if (denominator, reduction) == ("infonce", "mean_of_log"):
        scale = torch.as_tensor(scale, dtype=logits.dtype, device=logits.device)
        per_anchor = mean_log_share(logits, scale, ignore & ~positive, share)
    else:
        per_anchor = _per_anchor(scale * logits, positive, ignore, as_numbers(share, logits.dtype), denominator, reduction)
    counts = anchors.to(logits.dtype) if anchor_weight is None else torch.where(anchors, anchor_weight.to(logits.dtype), 0)
    return torch.where(anchors, per_anchor * counts, 0).sum() / counts.sum()


def _per_anchor(logits: Tensor, positive: Tensor, ignore: Tensor, share: Tensor, denominator: Denominator, reduction: Reduction) -> Tensor:
    """(A,) the loss of each anchor; of one without a positive some finite number. share: (A, K) weights of the positives, else 0."""
    log_share = _log_share(logits, positive, ignore, denominator)
    total = share.sum(dim=1)
    total = torch.where(total > 0, total, 1)  # guards 0/0 for the anchors that are skipped
    if reduction == "mean_of_log":
        return torch.where(positive, -log_share * share, 0).sum(dim=1) / total
    best = torch.where(positive, log_share + share.clamp_min(torch.finfo(share.dtype).tiny).log(), _nothing(log_share))
    return total.log() - torch.logsumexp(best, dim=1)


def _log_share(logits: Tensor, positive: Tensor, ignore: Tensor, denominator: Denominator) -> Tensor:
    """log of each candidate's share of the denominator (A, K); meaningful at the positives."""
    nothing = _nothing(logits)
    if denominator == "infonce":
        return functional.log_softmax(logits.masked_fill(ignore & ~positive, nothing), dim=1)
    negatives = torch.logsumexp(logits.masked_fill(ignore | positive, nothing), dim=1, keepdim=True)
    # exp(s) / (exp(s) + N) is the sigmoid of s − log N.
    return functional.logsigmoid(logits - negatives)


def _nothing(logits: Tensor) -> float:
    """The logit of an absent candidate: its exponential is 0, but unlike −inf a row made of it alone stays finite."""
    return torch.finfo(logits.dtype).min


def _at_least_float32(values: Tensor) -> Tensor:
    """16-bit floats raised to float32; float64 kept, for gradient checks."""
    return values.float() if torch.finfo(values.dtype).bits < 32 else values
