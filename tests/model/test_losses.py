"""The angle loss: against ACCEPT's cross entropy, against plain Python loops, and its laws."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from hypviz.geometry import pairwise_euclidean_exterior_angle, pairwise_exterior_angle
from hypviz.model.similarity import similarities
from hypviz.training import losses
from hypviz.training.losses import LossSettings, multi_positive_nce, pair_loss

SCALE = 1 / 0.07
Points = tuple[Tensor, Tensor]


def points(seed: int, count: int, *, dim: int = 6, dtype: torch.dtype = torch.float64) -> Points:
    draw = torch.Generator().manual_seed(seed)
    directions = functional.normalize(torch.randn(count, dim, generator=draw, dtype=torch.float64), dim=1)
    radii = 0.2 + 1.5 * torch.rand(count, generator=draw, dtype=torch.float64)
    return directions.to(dtype).requires_grad_(), radii.to(dtype).requires_grad_()


def random_masks(seed: int, rows: int, columns: int) -> dict[str, Tensor]:
    """Masks that overlap; every row but the first, and every column but the first, has a positive."""
    draw = torch.Generator().manual_seed(seed)
    positive = torch.rand(rows, columns, generator=draw) < 0.2
    positive[range(rows), [row % columns for row in range(rows)]] = True
    positive[[column % rows for column in range(columns)], range(columns)] = True
    positive[0], positive[:, 0] = False, False
    never, related = (torch.rand(2, rows, columns, generator=draw) < 0.35).unbind()
    return {"positive": positive, "related": related, "never": never}


def loop_nce(logits: Tensor, positive: Tensor, ignore: Tensor, denominator: str, reduction: str) -> float:
    """The definition, one exponential at a time."""
    per_anchor = []
    for scores, is_positive, is_ignored in zip(logits.tolist(), positive.tolist(), ignore.tolist(), strict=True):
        positives = [k for k, yes in enumerate(is_positive) if yes]
        negatives = [k for k, (yes, no) in enumerate(zip(is_positive, is_ignored, strict=True)) if not yes and not no]
        shares = []
        for j in positives:
            others = negatives + ([j] if denominator == "sincere" else positives)
            shares.append(math.exp(scores[j]) / sum(math.exp(scores[k]) for k in others))
        if not shares:
            continue
        if reduction == "mean_of_log":
            per_anchor.append(-sum(math.log(share) for share in shares) / len(shares))
        else:
            per_anchor.append(-math.log(sum(shares) / len(shares)))
    return sum(per_anchor) / len(per_anchor)


def test_with_one_positive_the_loss_is_accepts_cross_entropy() -> None:
    parents, children = points(0, 12), points(1, 12)
    eye, none = torch.eye(12, dtype=torch.bool), torch.zeros(12, 12, dtype=torch.bool)
    loss = pair_loss(parents, children, positive=eye, related=none, never=none, curv=0.7, scale=SCALE)
    target = torch.arange(12)
    forth = functional.cross_entropy(-SCALE * pairwise_exterior_angle(*parents, *children, curv=0.7), target)
    back = functional.cross_entropy(SCALE * pairwise_exterior_angle(*children, *parents, curv=0.7), target)
    torch.testing.assert_close(loss.parent_to_child, forth)
    torch.testing.assert_close(loss.child_to_parent, back)
    torch.testing.assert_close(loss.total, forth + back)


@pytest.mark.parametrize(
    ("denominator", "reduction"),
    list(itertools.product(("infonce", "sincere"), ("mean_of_log", "log_of_mean"))),
)
def test_multi_positive_nce_is_its_definition(denominator: Any, reduction: Any) -> None:
    logits = 3 * torch.randn(7, 9, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    masks = random_masks(3, 7, 9)
    actual = multi_positive_nce(logits, masks["positive"], masks["never"], denominator=denominator, reduction=reduction)
    expected = loop_nce(logits, masks["positive"], masks["never"], denominator, reduction)
    assert float(actual) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("unsampled", ["masked", "positive", "negative"])
@pytest.mark.parametrize("geometry", ["hyperbolic", "euclidean", "cosine"])
def test_pair_loss_is_the_loop_over_anchors_in_both_directions(geometry: Any, unsampled: Any) -> None:
    parents, children, masks = points(4, 6), points(5, 8), random_masks(6, 6, 8)
    settings = LossSettings(geometry=geometry, unsampled=unsampled)
    loss = pair_loss(parents, children, **masks, curv=1.3, scale=4.0, settings=settings)

    if geometry == "hyperbolic":
        p2c = math.pi - pairwise_exterior_angle(*parents, *children, curv=1.3)
        c2p = pairwise_exterior_angle(*children, *parents, curv=1.3)
    elif geometry == "euclidean":
        p2c = math.pi - pairwise_euclidean_exterior_angle(*parents, *children)
        c2p = pairwise_euclidean_exterior_angle(*children, *parents)
    else:
        p2c = parents[0] @ children[0].T
        c2p = p2c.T
    positive, ignore = masks["positive"].clone(), masks["never"].clone()
    for i, j in itertools.product(range(6), range(8)):
        if masks["related"][i, j] and not masks["never"][i, j] and not positive[i, j]:
            positive[i, j] |= unsampled == "positive"
            ignore[i, j] |= unsampled == "masked"
    forth = loop_nce(4.0 * p2c, positive, ignore, "infonce", "mean_of_log")
    back = loop_nce(4.0 * c2p, positive.T, ignore.T, "infonce", "mean_of_log")
    assert loss.parent_to_child.item() == pytest.approx(forth, abs=1e-10)
    assert loss.child_to_parent.item() == pytest.approx(back, abs=1e-10)


@pytest.mark.parametrize("denominator", ["infonce", "sincere"])
@pytest.mark.parametrize("reduction", ["mean_of_log", "log_of_mean"])
def test_ignored_candidates_have_no_influence(denominator: Any, reduction: Any) -> None:
    masks = random_masks(7, 8, 8)
    positive, ignore = masks["positive"], masks["never"]
    logits = torch.randn(8, 8, generator=torch.Generator().manual_seed(8), dtype=torch.float64, requires_grad=True)
    form = {"denominator": denominator, "reduction": reduction}
    with torch.autograd.set_detect_anomaly(True):  # no nan inside either, for the anchors that are skipped
        loss = multi_positive_nce(logits, positive, ignore, **form)
        loss.backward()
    out = (ignore & ~positive) | ~positive.any(dim=1, keepdim=True)
    assert logits.grad is not None
    assert (logits.grad[out] == 0).all()
    assert (logits.grad[~out] != 0).all()
    moved = logits.detach().masked_fill(out, 1e3)
    torch.testing.assert_close(multi_positive_nce(moved, positive, ignore, **form), loss.detach())


def test_masked_pairs_do_not_move_their_points() -> None:
    """A child that is masked or never for every parent gets no gradient at all."""
    parents, children = points(9, 5), points(10, 6)
    positive, related, never = torch.zeros(3, 5, 6, dtype=torch.bool).unbind()
    positive[range(5), range(5)] = True
    related[:3, 5], never[3:, 5] = True, True
    pair_loss(parents, children, positive=positive, related=related, never=never, curv=1.0, scale=5.0).total.backward()
    for values in children:
        assert values.grad is not None
        assert (values.grad[5] == 0).all() and (values.grad[:5] != 0).any()


def test_unsampled_pairs_pull_push_or_rest_as_the_setting_says() -> None:
    related = torch.zeros(3, 3, dtype=torch.bool)
    related[0, 1] = True
    slopes = {}
    for unsampled in ("masked", "positive", "negative"):
        parents, children = points(11, 3), points(12, 3)
        loss = pair_loss(
            parents,
            children,
            positive=torch.eye(3, dtype=torch.bool),
            related=related,
            never=torch.zeros_like(related),
            curv=1.0,
            scale=3.0,
            settings=LossSettings(unsampled=unsampled, direction="parent_to_child"),
        )
        p2c, _ = similarities(parents, children, curv=1.0, geometry="hyperbolic")
        along = torch.autograd.grad(p2c[0, 1], parents[0], retain_graph=True)[0][0]
        slope = torch.autograd.grad(loss.total, parents[0])[0][0]
        slopes[unsampled] = float(slope @ along)
    assert slopes["positive"] < slopes["masked"] < slopes["negative"]


@pytest.mark.parametrize("denominator", ["infonce", "sincere"])
def test_order_of_the_batch_does_not_matter(denominator: Any) -> None:
    parents, children, masks = points(13, 9), points(14, 11), random_masks(15, 9, 11)
    draw = torch.Generator().manual_seed(16)
    rows, columns = torch.randperm(9, generator=draw), torch.randperm(11, generator=draw)
    settings = LossSettings(denominator=denominator)
    loss = pair_loss(parents, children, **masks, curv=1.0, scale=SCALE, settings=settings)
    shuffled = pair_loss(
        (parents[0][rows], parents[1][rows]),
        (children[0][columns], children[1][columns]),
        **{name: mask[rows][:, columns] for name, mask in masks.items()},
        curv=1.0,
        scale=SCALE,
        settings=settings,
    )
    torch.testing.assert_close(tuple(loss), tuple(shuffled))


@pytest.mark.parametrize("direction", ["parent_to_child", "child_to_parent"])
def test_one_direction_trains_alone_and_reports_both(direction: Any) -> None:
    parents, children, masks = points(17, 6), points(18, 6), random_masks(19, 6, 6)
    both = pair_loss(parents, children, **masks, curv=1.0, scale=2.0)
    one = pair_loss(parents, children, **masks, curv=1.0, scale=2.0, settings=LossSettings(direction=direction))
    assert one.total is getattr(one, direction)
    other = {"parent_to_child", "child_to_parent"} - {direction}
    assert not getattr(one, other.pop()).requires_grad
    torch.testing.assert_close((one.parent_to_child, one.child_to_parent), (both.parent_to_child, both.child_to_parent))


@pytest.mark.parametrize("geometry", ["hyperbolic", "euclidean", "cosine"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_autocast_does_not_lower_the_precision(dtype: torch.dtype, geometry: Any) -> None:
    settings = LossSettings(geometry=geometry)
    parents, children = points(20, 16, dtype=dtype), points(21, 16, dtype=dtype)
    masks = random_masks(22, 16, 16)
    plain = pair_loss(parents, children, **masks, curv=1.0, scale=SCALE, settings=settings)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = pair_loss(parents, children, **masks, curv=1.0, scale=SCALE, settings=settings)
    assert loss.total.dtype == torch.float32
    assert torch.equal(loss.total, plain.total)


def test_nothing_in_the_loss_runs_under_autocast(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def spy(*inputs: Any, **settings: Any) -> Tensor:
        seen.append(torch.is_autocast_enabled("cpu"))
        return multi_positive_nce(*inputs, **settings)

    monkeypatch.setattr(losses, "multi_positive_nce", spy)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        pair_loss(points(20, 4), points(21, 4), **random_masks(22, 4, 4), curv=1.0, scale=SCALE)
    assert seen == [False, False]


def test_half_precision_inputs_lose_only_their_own_rounding() -> None:
    parents, children = points(23, 16, dtype=torch.bfloat16), points(24, 16, dtype=torch.bfloat16)
    masks = random_masks(25, 16, 16)
    low = pair_loss(parents, children, **masks, curv=1.0, scale=SCALE)
    exact = [(functional.normalize(u.detach().double(), dim=1), r.detach().double()) for u, r in (parents, children)]
    high = pair_loss(*exact, **masks, curv=1.0, scale=SCALE)
    assert low.total.item() == pytest.approx(high.total.item(), rel=1e-5)


@pytest.mark.parametrize("geometry", ["hyperbolic", "euclidean", "cosine"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_gradients_are_finite_for_a_collapsed_batch_at_full_scale(dtype: torch.dtype, geometry: Any) -> None:
    direction = torch.zeros(6, 4, dtype=dtype)
    direction[:, 0] = 1
    parents = direction.clone().requires_grad_(), torch.zeros(6, dtype=dtype, requires_grad=True)
    children = direction.clone().requires_grad_(), torch.tensor([0, 1e-8, 1e-3, 1, 5, 15], dtype=dtype).requires_grad_()
    curv = torch.tensor(10.0, requires_grad=True)
    masks = random_masks(26, 6, 6)
    loss = pair_loss(parents, children, **masks, curv=curv, scale=100.0, settings=LossSettings(geometry=geometry))
    loss.total.backward()
    for values in (*parents, *children, curv):
        assert values.grad is None or values.grad.isfinite().all()


@pytest.mark.parametrize("denominator", ["infonce", "sincere"])
@pytest.mark.parametrize("reduction", ["mean_of_log", "log_of_mean"])
def test_loss_passes_gradcheck_for_points_curvature_and_scale(denominator: Any, reduction: Any) -> None:
    masks = random_masks(27, 4, 5)
    settings = LossSettings(denominator=denominator, reduction=reduction, unsampled="positive")
    curv, scale = (torch.tensor(value, dtype=torch.float64, requires_grad=True) for value in (0.8, 3.0))

    def total(*inputs: Tensor) -> Tensor:
        return pair_loss(inputs[0:2], inputs[2:4], **masks, curv=inputs[4], scale=inputs[5], settings=settings).total

    assert torch.autograd.gradcheck(total, (*points(28, 4), *points(29, 5), curv, scale))


@pytest.mark.parametrize("reduction", ["mean_of_log", "log_of_mean"])
@pytest.mark.parametrize("denominator", ["infonce", "sincere"])
def test_a_positive_without_competitors_costs_nothing(denominator: Any, reduction: Any) -> None:
    positive = torch.tensor([[True, False]])
    loss = multi_positive_nce(torch.tensor([[-3.0, 50.0]]), positive, ~positive, denominator=denominator, reduction=reduction)
    assert float(loss) == 0


def test_descending_the_loss_opens_the_hierarchy() -> None:
    """Parents end nearer to the origin than their children, which fill their parent's cone and no other.

    From a common direction, as a fresh encoder gives: see the note on starting points in the module.
    """
    family = torch.arange(12) // 4
    positive = torch.arange(3)[:, None] == family
    none = torch.zeros_like(positive)
    vectors = (0.3 + 0.05 * torch.randn(15, 4, generator=torch.Generator().manual_seed(30))).requires_grad_()
    optimiser = torch.optim.Adam([vectors], lr=0.02)
    for _ in range(60):
        norms = vectors.norm(dim=1)
        units = vectors / norms[:, None]
        parents, children = (units[:3], norms[:3]), (units[3:], norms[3:])
        loss = pair_loss(parents, children, positive=positive, related=none, never=none, curv=1.0, scale=10.0)
        optimiser.zero_grad()
        loss.total.backward()
        optimiser.step()
    assert (norms[:3, None] < norms[3:])[positive].all()
    angles = pairwise_exterior_angle(*parents, *children, curv=1.0)
    assert angles[positive].max() < angles[~positive].min()


def test_a_batch_without_pairs_is_refused() -> None:
    none = torch.zeros(3, 3, dtype=torch.bool)
    with pytest.raises(ValueError, match="no anchor has a positive candidate"):
        pair_loss(points(31, 3), points(32, 3), positive=none, related=none, never=none, curv=1.0, scale=1.0)


@pytest.mark.parametrize(("name", "matrix"), [("positive", torch.ones(3, 4)), ("never", torch.ones(4, 3, dtype=torch.bool))])
def test_masks_must_be_boolean_parents_by_children(name: str, matrix: Tensor) -> None:
    masks = {**random_masks(33, 3, 4), name: matrix}
    with pytest.raises(ValueError, match=rf"{name} must be bool \(3, 4\) \(parents, children\), got"):
        pair_loss(points(34, 3), points(35, 4), **masks, curv=1.0, scale=1.0)


@pytest.mark.parametrize("name", ["direction", "geometry", "unsampled", "denominator", "reduction"])
def test_unknown_settings_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=rf"{name} must be one of .*, got 'sideways'"):
        LossSettings(**{name: "sideways"})


def test_unknown_forms_are_refused_by_the_functions_too() -> None:
    eye = torch.eye(2, dtype=torch.bool)
    with pytest.raises(ValueError, match="denominator must be one of"):
        multi_positive_nce(torch.zeros(2, 2), eye, ~eye, denominator="all")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="geometry must be one of"):
        similarities(points(36, 2), points(37, 2), curv=1.0, geometry="spherical")  # type: ignore[arg-type]


@pytest.mark.parametrize("reduction", ["mean_of_log", "log_of_mean"])
def test_a_positive_of_weight_two_counts_as_two_of_them_and_an_anchor_likewise(reduction: losses.Reduction) -> None:
    """Twice a candidate among the positives is no equal, since it stands in the denominator too; hence the definition by hand."""
    draw = torch.Generator().manual_seed(3)
    logits = torch.randn(4, 6, generator=draw, dtype=torch.float64)
    masks = random_masks(3, 4, 6)
    positive, ignore = masks["positive"], masks["never"]
    weight, anchor = torch.randint(1, 4, (4, 6), generator=draw), torch.randint(1, 4, (4,), generator=draw)
    share = logits.masked_fill(ignore & ~positive, -math.inf).log_softmax(dim=1)
    total, mass = 0.0, 0
    for i in range(4):
        repeated = [share[i, j].item() for j in range(6) if positive[i, j] for _ in range(int(weight[i, j]))]
        if not repeated:
            continue
        mean = -sum(repeated) / len(repeated)
        if reduction == "log_of_mean":
            mean = -math.log(sum(map(math.exp, repeated)) / len(repeated))
        total, mass = total + int(anchor[i]) * mean, mass + int(anchor[i])
    found = multi_positive_nce(logits, positive, ignore, reduction=reduction, weight=weight, anchor_weight=anchor)
    assert float(found) == pytest.approx(total / mass)
    plain = multi_positive_nce(logits, positive, ignore, reduction=reduction)
    even = multi_positive_nce(
        logits, positive, ignore, reduction=reduction, weight=torch.full((4, 6), 3.0), anchor_weight=torch.full((4,), 0.5)
    )
    assert float(plain) == pytest.approx(float(even)) and float(found) != pytest.approx(float(plain), rel=1e-3)
