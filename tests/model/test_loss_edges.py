"""The loss at the ends of its settings: which weights reach which direction, which mask wins, what is detached."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from hypviz.errors import SettingsError
from hypviz.geometry import pairwise_exterior_angle
from hypviz.model.similarity import Points, aperture_excess, similarities
from hypviz.training.losses import LossOutput, LossSettings, multi_positive_nce, pair_loss, regularised


def points(seed: int, count: int) -> Points:
    draw = torch.Generator().manual_seed(seed)
    directions = functional.normalize(torch.randn(count, 4, generator=draw, dtype=torch.float64), dim=1)
    return directions, 0.3 + torch.rand(count, generator=draw, dtype=torch.float64)


def mask(*rows: str) -> Tensor:
    return torch.tensor([[sign == "x" for sign in row] for row in rows])


PARENTS, CHILDREN = points(0, 3), points(1, 4)
POSITIVE, NEVER, RELATED = mask("x...", ".xx.", "...x"), mask("..x.", "x...", "...."), mask(".x..", "....", "x...")
MASKS = {"positive": POSITIVE, "never": NEVER, "related": RELATED}


def loss(**changes: Any) -> LossOutput:
    names = {"objective", "direction", "geometry", "unsampled", "denominator", "reduction"}
    settings = LossSettings(**{name: value for name, value in changes.items() if name in names})
    rest = {name: value for name, value in changes.items() if name not in names}
    return pair_loss(PARENTS, CHILDREN, **(MASKS | {"curv": 0.8, "scale": 5.0} | rest), settings=settings)


def test_weights_of_pairs_and_parents_count_on_the_way_down_alone() -> None:
    weight, anchor = torch.rand(3, 4, dtype=torch.float64) + 0.5, torch.tensor([1.0, 2.0, 5.0])
    plain, weighted = loss(), loss(pair_weight=weight, parent_weight=anchor)
    down = 5.0 * (math.pi - pairwise_exterior_angle(*PARENTS, *CHILDREN, curv=0.8))
    expected = multi_positive_nce(down, POSITIVE, NEVER | RELATED, weight=weight, anchor_weight=anchor)
    assert float(weighted.parent_to_child) == pytest.approx(float(expected))
    assert float(weighted.child_to_parent) == float(plain.child_to_parent)
    assert float(weighted.total) == pytest.approx(float(expected + plain.child_to_parent))


@pytest.mark.parametrize(("denominator", "reduction"), list(itertools.product(("infonce", "sincere"), ("mean_of_log", "log_of_mean"))))
def test_the_forms_of_the_settings_reach_both_directions(denominator: Any, reduction: Any) -> None:
    found = loss(denominator=denominator, reduction=reduction)
    down = 5.0 * (math.pi - pairwise_exterior_angle(*PARENTS, *CHILDREN, curv=0.8))
    up = 5.0 * pairwise_exterior_angle(*CHILDREN, *PARENTS, curv=0.8)
    form = {"denominator": denominator, "reduction": reduction}
    ignore = NEVER | RELATED
    assert float(found.parent_to_child) == pytest.approx(float(multi_positive_nce(down, POSITIVE, ignore, **form)))
    assert float(found.child_to_parent) == pytest.approx(float(multi_positive_nce(up, POSITIVE.T, ignore.T, **form)))


def test_positive_wins_over_never_and_never_over_related() -> None:
    """An overlap changes nothing against the masks without it."""
    for unsampled in ("masked", "positive", "negative"):
        plain = loss(unsampled=unsampled)
        assert loss(unsampled=unsampled, never=NEVER | POSITIVE, related=RELATED | POSITIVE).total == plain.total
        assert loss(unsampled=unsampled, related=RELATED | NEVER).total == plain.total
    assert len({float(loss(unsampled=each).total) for each in ("masked", "positive", "negative")}) == 3


@pytest.mark.parametrize("direction", ["both", "parent_to_child", "child_to_parent"])
@pytest.mark.parametrize("objective", ["angle", "distance", "hinge"])
def test_what_is_not_trained_on_is_told_without_a_gradient(direction: Any, objective: Any) -> None:
    radii = [each[1].clone().requires_grad_() for each in (PARENTS, CHILDREN)]
    settings = LossSettings(direction=direction, objective=objective)
    found = pair_loss((PARENTS[0], radii[0]), (CHILDREN[0], radii[1]), **MASKS, curv=0.8, scale=5.0, settings=settings)
    assert found.total.requires_grad
    assert found.parent_to_child.requires_grad is (direction != "child_to_parent")
    assert found.child_to_parent.requires_grad is (direction != "parent_to_child")
    parts = {"both": found.parent_to_child + found.child_to_parent, "parent_to_child": found.parent_to_child}
    expected = parts.get(direction, found.child_to_parent)
    if objective == "hinge":
        expected = expected + 0.2 * aperture_excess(PARENTS, CHILDREN, POSITIVE, curv=0.8)
    assert found.total.item() == pytest.approx(expected.item())


@pytest.mark.parametrize("name", ["positive", "related", "never"])
def test_a_mask_of_numbers_or_of_another_shape_is_refused_by_its_name(name: str) -> None:
    with pytest.raises(ValueError, match=rf"^{name} must be bool \(3, 4\) \(parents, children\), got torch.int64 \(3, 4\)"):
        loss(**{name: MASKS[name].long()})
    with pytest.raises(ValueError, match=rf"^{name} must be bool \(3, 4\) \(parents, children\), got torch.bool \(3, 3\)"):
        loss(**{name: MASKS[name][:, :3]})


@pytest.mark.parametrize("name", ["spread", "anchor", "norm"])
def test_a_weight_may_be_nothing_or_a_million_and_no_more(name: str) -> None:
    for value in (0, 0.0, 1e6):
        assert getattr(LossSettings(**{name: value}), name) == value  # type: ignore[arg-type]
    for value in (-1e-9, 1.0001e6):
        with pytest.raises(SettingsError, match=f"{name} must be a finite number of at least 0, to 1e6"):
            LossSettings(**{name: value})  # type: ignore[arg-type]


def test_settings_begin_as_the_paper_has_it() -> None:
    assert LossSettings() == LossSettings("angle", "both", "hyperbolic", "masked", "infonce", "mean_of_log", 0.0, 0.0, 0.0)


def test_terms_add_up_and_leave_the_two_directions() -> None:
    given = LossOutput(torch.tensor(1.0), torch.tensor(2.0), torch.tensor(3.0))
    directions, radii = (each.float() for each in PARENTS)
    start, curv = torch.eye(4)[:3], torch.tensor(0.5)

    def total(**weights: float) -> float:
        out = regularised(given, (directions, radii), curv=curv, settings=LossSettings(**weights), start=start)  # type: ignore[arg-type]
        assert (out.parent_to_child, out.child_to_parent) == (given.parent_to_child, given.child_to_parent)
        return float(out.total)

    anchor = 100 * ((directions @ directions.T - torch.eye(3)) ** 2).mean()
    spread, norm = (directions.mean(dim=0) ** 2).sum(), 0.5 * (radii**2).mean()
    assert total() == 1.0
    assert total(anchor=2.0) == pytest.approx(1 + 2 * float(anchor), rel=1e-5)
    assert total(spread=3.0) == pytest.approx(1 + 3 * float(spread), rel=1e-5)
    assert total(norm=4.0) == pytest.approx(1 + 4 * float(norm), rel=1e-5)
    assert total(anchor=2.0, spread=3.0, norm=4.0) == pytest.approx(1 + float(2 * anchor + 3 * spread + 4 * norm), rel=1e-5)


def test_terms_of_half_precision_are_computed_in_single() -> None:
    count = 3000
    directions = functional.normalize(torch.randn(count, 4, generator=torch.Generator().manual_seed(0)), dim=1).half()
    radii = torch.full((count,), 300.0).half()  # whose square leaves the type
    zero = torch.zeros(())
    settings = LossSettings(norm=1.0, spread=1.0)
    found = regularised(LossOutput(zero, zero, zero), (directions, radii), curv=torch.tensor(1.0), settings=settings).total
    assert float(found) == pytest.approx(90_000, rel=1e-3) and found.dtype == torch.float32
    small = LossSettings(anchor=1.0)
    assert (
        regularised(
            LossOutput(zero, zero, zero), (directions[:4], radii[:4]), curv=torch.tensor(1.0), settings=small, start=directions[:4]
        ).total
        == 0
    )


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_logits_of_any_type_give_a_loss_of_at_least_single(dtype: torch.dtype) -> None:
    logits = torch.tensor([[4.0, 1.0, -2.0], [0.0, 3.0, 8.0]], dtype=dtype)
    found = multi_positive_nce(logits, mask("x..", "xx."), mask("...", "..."), reduction="log_of_mean")
    assert found.dtype == (torch.float64 if dtype == torch.float64 else torch.float32)
    share = logits.double().softmax(dim=1)
    expected = -(math.log(share[0, 0]) + math.log((share[1, 0] + share[1, 1]) / 2)) / 2
    assert float(found) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("denominator", ["infonce", "sincere"])
def test_an_anchor_alone_with_its_positives_has_no_one_to_lose_to(denominator: Any) -> None:
    positive, ignore = mask("x..", "..."), mask(".xx", "...")
    logits = torch.tensor([[-300.0, 9.0, 9.0], [1.0, 2.0, 3.0]], requires_grad=True)
    found = multi_positive_nce(logits, positive, ignore, denominator=denominator)
    assert float(found) == 0
    found.backward()
    assert logits.grad is not None and (logits.grad == 0).all()


def test_similarities_of_directions_alone_are_their_cosines() -> None:
    forth, back = similarities(PARENTS, CHILDREN, curv=1.0, geometry="cosine")
    torch.testing.assert_close(forth, PARENTS[0] @ CHILDREN[0].T)
    assert torch.equal(back, forth.T)
    by_distance, _ = similarities(PARENTS, CHILDREN, curv=1.0, geometry="cosine", by="distance")
    assert torch.equal(by_distance, forth)


def test_euclidean_angles_are_those_of_the_vectors() -> None:
    forth, back = similarities(PARENTS, CHILDREN, curv=99.0, geometry="euclidean")
    for i, j in itertools.product(range(3), range(4)):
        x, y = PARENTS[0][i] * PARENTS[1][i], CHILDREN[0][j] * CHILDREN[1][j]
        down = math.acos(float(functional.cosine_similarity(x, y - x, dim=0)))
        up = math.acos(float(functional.cosine_similarity(y, x - y, dim=0)))
        assert float(forth[i, j]) == pytest.approx(math.pi - down, abs=1e-9)
        assert float(back[j, i]) == pytest.approx(up, abs=1e-9)


def test_a_point_is_at_no_distance_of_itself() -> None:
    one = (torch.tensor([[1.0, 0.0], [0.0, 1.0]]), torch.tensor([1.0, 2.0]))
    forth, _ = similarities(one, one, curv=1.0, geometry="euclidean", by="distance")
    assert forth.diagonal().tolist() == [0.0, 0.0] and float(forth[0, 1]) == pytest.approx(-math.sqrt(5))
