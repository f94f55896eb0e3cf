"""The polar head: directions and radii apart, begun from data without training, and a classifier's word beside the features."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from torch import nn
from torch.nn import functional

from hypviz.config import EncoderSettings, TrainSettings
from hypviz.errors import DataError, SettingsError
from hypviz.model.card import Card
from hypviz.model.checkpoint import load_checkpoint, save_checkpoint
from hypviz.model.class_scores import MASS, FeaturesAndClasses
from hypviz.model.encoder import HyperbolicEncoder, build_encoder
from hypviz.model.fresh_head import fit_head, with_polar_head
from hypviz.model.heads import PolarHead
from hypviz.model.packaged import find_packaged
from hypviz.training.optimiser import build_optimiser

POLAR = with_polar_head(EncoderSettings("timm:test_resnet", embed_dim=8, image_size=32))


def head(**keys: float) -> PolarHead:
    torch.manual_seed(0)
    return PolarHead(40, 6, **{"hidden": 16, "radius": 0.5} | keys)  # type: ignore[arg-type]


def polar(**keys: float) -> HyperbolicEncoder:
    return build_encoder(replace(POLAR, **keys), seed=1)


def fitted(encoder: HyperbolicEncoder, features: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Vectors (N, D) whose directions the head gives, after it was fitted."""
    fit_head(encoder, features, weights)
    assert isinstance(encoder.head, PolarHead)
    with torch.inference_mode():
        tempered = encoder.head.tempered(torch.from_numpy(features))
        return encoder.head.direction((tempered - encoder.head.centre) / encoder.head.spread).numpy()


def drawn(encoder: HyperbolicEncoder, count: int = 300, seed: int = 0) -> np.ndarray:
    """Features of very unequal spread around a mean far from 0."""
    width = encoder.head.in_features
    return np.random.default_rng(seed).normal(3.0, 1.0, (count, width)) * np.linspace(5, 0.5, width)


# --- the head


@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e4])
def test_directions_have_unit_length_and_radii_are_above_zero(scale: float) -> None:
    direction, radius = head()(scale * torch.randn(50, 40))
    torch.testing.assert_close(direction.norm(dim=1), torch.ones(50))
    assert (radius > 0).all() and direction.dtype == radius.dtype == torch.float32


def test_a_radius_never_vanishes_however_far_the_network_goes() -> None:
    made = head()
    last = made.radius[-1]
    assert isinstance(last, nn.Linear)
    nn.init.constant_(last.bias, -300.0)
    assert (made(torch.randn(5, 40))[1] > 0).all()


@pytest.mark.parametrize("start", [0.05, 0.5, 3.0])
def test_all_radii_begin_nearly_alike_at_the_one_that_is_asked_for(start: float) -> None:
    with torch.no_grad():
        radius = head(radius=start)(torch.randn(500, 40))[1].numpy()
    np.testing.assert_allclose(radius, start, rtol=0.2)
    assert radius.mean() == pytest.approx(start, rel=0.05)


def test_what_turns_a_direction_moves_no_radius_and_the_other_way_round() -> None:
    made, features = head(), torch.randn(5, 40)
    direction, radius = made(features)
    nn.init.normal_(made.direction.weight)
    turned = made(features)
    assert torch.equal(turned[1], radius) and not torch.allclose(turned[0], direction)


def test_the_power_of_a_feature_keeps_its_sign_and_has_a_slope_at_zero() -> None:
    features = torch.tensor([[-4.0, 0.0, 9.0]], requires_grad=True)
    torch.testing.assert_close(head().tempered(features), features)
    tempered = head(power=0.5).tempered(features)
    torch.testing.assert_close(tempered, torch.tensor([[-2.0, 0.0, 3.0]]), atol=0.04, rtol=0.0)
    tempered.sum().backward()
    assert features.grad is not None and features.grad.isfinite().all()


def test_settings_reach_the_head() -> None:
    made = build_encoder(replace(POLAR, radius_init=0.3, feature_power=0.5, radius_hidden=7))
    assert isinstance(made.head, PolarHead) and made.head.power == 0.5
    assert made.head.radius[0].weight.shape[0] == 7 and made.head.weight.shape[0] == 8
    with torch.no_grad():
        assert made.project(torch.randn(100, made.head.in_features))[1].mean() == pytest.approx(0.3, rel=0.1)
    with pytest.raises(SettingsError, match="head must be one of"):
        EncoderSettings(head="cubic")
    with pytest.raises(SettingsError, match="feature_power must be between"):
        EncoderSettings(feature_power=0.0)


def test_a_network_may_bend_the_directions_and_begins_nearly_straight() -> None:
    made = build_encoder(replace(POLAR, direction_hidden=11)).head
    assert isinstance(made, PolarHead) and made.direction_net is not None
    features = torch.randn(50, made.in_features)
    direction, radius = made(features)
    straight = functional.normalize(made.direction(features), dim=-1)
    assert ((direction * straight).sum(dim=-1) > 0.95).all()
    nn.init.normal_(made.direction_net[-1].weight)
    bent = made(features)
    assert not torch.allclose(bent[0], direction, atol=0.1) and torch.equal(bent[1], radius)
    torch.testing.assert_close(bent[0].norm(dim=-1), torch.ones(50))


# --- begun from data


@pytest.mark.parametrize("power", [1.0, 0.5])
def test_a_fitted_head_takes_features_of_any_unit_and_origin(power: float) -> None:
    one, other = polar(feature_power=power), polar(feature_power=power)
    features = drawn(one)
    vectors, large = fitted(one, features), fitted(other, 1e4 * features)
    assert isinstance(one.head, PolarHead)
    torch.testing.assert_close(one.head.centre, one.head.tempered(torch.from_numpy(features)).mean(dim=0))
    assert np.corrcoef((large @ large.T).ravel(), (vectors @ vectors.T).ravel())[0, 1] > 0.99
    assert np.abs(vectors.mean(axis=0)).max() < 1e-4 and np.square(vectors).sum(axis=1).mean() == pytest.approx(1, rel=1e-2)
    with torch.inference_mode():
        radii = [each.project(torch.from_numpy(scale * features))[1] for each, scale in ((one, 1.0), (other, 1e4))]
    assert all(radius.mean() == pytest.approx(POLAR.radius_init, rel=0.1) for radius in radii)


def test_directions_begin_at_the_principal_components_with_the_strong_ones_held_back() -> None:
    encoder = polar()
    features = drawn(encoder)
    vectors = fitted(encoder, features)
    covariance = np.cov(vectors.T)
    spread = np.sqrt(np.diag(covariance))
    assert np.abs(covariance - np.diag(np.diag(covariance))).max() < 1e-4 * covariance.max()  # components are uncorrelated
    strong = np.sqrt(np.linalg.eigvalsh(np.cov(features.T))[::-1][:8])
    np.testing.assert_allclose(spread / spread[0], (strong / strong[0]) ** 0.5, rtol=1e-3)


def test_a_weight_of_three_is_as_good_as_three_copies() -> None:
    one, other = polar(), polar()
    features = drawn(one, 60)
    weights = np.where(np.arange(60) < 10, 3, 1)
    weighted, copied = fitted(one, features, weights.astype(float)), fitted(other, np.repeat(features, weights, axis=0))
    places = np.r_[0, np.cumsum(weights)[:-1]]
    copied = copied[places]
    np.testing.assert_allclose(weighted @ weighted.T, copied @ copied.T, atol=1e-4)
    plain = fitted(polar(), features)
    assert np.abs(weighted @ weighted.T - plain @ plain.T).max() > 1e-2


@pytest.mark.parametrize("dim", [40, 4096])
def test_dimensions_along_which_nothing_varies_start_at_zero(dim: int) -> None:
    encoder = polar(embed_dim=dim)
    vectors = fitted(encoder, drawn(encoder, 20))  # 20 items vary along 19 components
    norms = encoder.head.weight.detach().norm(dim=1)
    assert np.isfinite(vectors).all() and (norms[:19] > 0).all() and not norms[19:].any()


@pytest.mark.parametrize("value", [1.0, np.nan])
def test_features_that_say_nothing_are_refused(value: float) -> None:
    encoder = polar(feature_power=0.5)
    with pytest.raises(DataError, match="same features"):
        fit_head(encoder, np.full((5, encoder.head.in_features), value))


def test_few_pictures_give_the_start_that_each_of_them_many_times_gives() -> None:
    few = drawn(polar(), 20)
    many = np.tile(few, (30, 1))  # more items than features, so that components come from their covariance
    assert 2 * len(few) < few.shape[1] < len(many)
    rare = np.linspace(1.0, 3.0, len(few))
    for weights in (None, rare):
        a, b = fitted(polar(), few, weights), fitted(polar(), many, None if weights is None else np.tile(weights, 30))[: len(few)]
        np.testing.assert_allclose(np.abs(a), np.abs(b), atol=1e-4 * np.abs(b).max())  # the sign of a component is nobody's
        assert np.abs(b).max(axis=0).min() > 0.01 * np.abs(b).max()


# --- checkpoints and optimiser


def test_a_polar_head_comes_back_from_its_file(tmp_path: Path) -> None:
    encoder = polar(feature_power=0.5).eval()
    fit_head(encoder, drawn(encoder))
    loaded, card = load_checkpoint(save_checkpoint(tmp_path / "polar", encoder, Card("polar", encoder.settings)))
    features = torch.from_numpy(drawn(encoder, 9, seed=4))
    assert card.encoder.head == "polar"
    with torch.inference_mode():
        assert all(torch.equal(a, b) for a, b in zip(loaded.project(features), encoder.project(features), strict=True))


def test_a_checkpoint_from_before_there_were_polar_heads_still_loads(tmp_path: Path) -> None:
    settings = EncoderSettings("timm:test_resnet", embed_dim=8, image_size=32)
    encoder = build_encoder(settings, seed=1).eval()
    path = save_checkpoint(tmp_path / "old", encoder, Card("old", settings))
    content = json.loads(path.with_suffix(".json").read_text("utf-8"))
    for key in ("head", "feature_power", "radius_hidden", "radius_init"):
        del content["encoder"][key]
    del content["retrieval"]
    path.with_suffix(".json").write_text(json.dumps(content), "utf-8")
    loaded, card = load_checkpoint(path)
    assert isinstance(loaded.head, nn.Linear) and card.answers.parents_at == "query"
    pictures = torch.randn(3, 3, 32, 32)
    with torch.inference_mode():
        assert all(torch.equal(a, b) for a, b in zip(loaded(pictures), encoder(pictures), strict=True))


def test_the_directions_of_a_polar_head_have_a_learning_rate_of_their_own() -> None:
    encoder = build_encoder(replace(POLAR, direction_hidden=5))
    settings = TrainSettings(lr=0.1, backbone_lr_scale=0.5, direction_lr_scale=0.2)
    names = {id(parameter): name for name, parameter in encoder.named_parameters()}
    groups = build_optimiser(encoder, settings).param_groups
    rates = {names[id(parameter)]: group["peak"] for group in groups for parameter in group["params"]}
    assert set(rates) == set(names.values())
    assert {rates[name] for name in rates if name.startswith("head.direction")} == {0.1 * 0.2}
    assert {rates[name] for name in rates if name.startswith(("head.radius.", "log_"))} == {0.1}
    assert {rates[name] for name in rates if name.startswith("backbone.")} == {0.1 * 0.5}
    build_optimiser(encoder, replace(settings, direction_lr_scale=0.0))
    assert not encoder.head.weight.requires_grad and encoder.head.radius[0].weight.requires_grad


# --- a classifier beside the features


def test_features_stand_first_and_probabilities_behind_them() -> None:
    reference = timm.create_model("tf_efficientnet_lite0", num_classes=7).eval()
    tower, pixels = FeaturesAndClasses(reference), torch.randn(3, 3, 64, 64)
    with torch.inference_mode():
        out, logits = tower(pixels), reference(pixels)
        pooled = reference.forward_head(reference.forward_features(pixels), pre_logits=True)
    assert out.shape == (3, tower.num_features) == (3, 1287)
    torch.testing.assert_close(out[:, :1280], pooled)
    torch.testing.assert_close(out[:, 1280:], MASS * logits.softmax(dim=1))


def test_the_packaged_weights_come_with_their_classifier_when_asked_for(tmp_path: Path) -> None:
    settings = EncoderSettings("pretrained:efficientnet_lite0+classes", embed_dim=4)
    beside, plain = build_encoder(settings).eval(), build_encoder(replace(settings, backbone="pretrained:efficientnet_lite0")).eval()
    pixels = torch.rand(2, 3, 64, 64)
    with torch.inference_mode():
        both = beside.backbone(pixels)
        torch.testing.assert_close(both[:, :1280], plain.backbone(pixels))
    assert beside.head.in_features == 2280
    torch.testing.assert_close(both[:, 1280:].sum(dim=1), torch.full((2,), MASS))
    loaded, _ = load_checkpoint(save_checkpoint(tmp_path / "model", beside, Card("model", settings)))
    with torch.inference_mode():
        assert torch.equal(loaded.backbone(pixels), both)
    with pytest.raises(SettingsError, match=r"can be had with \+classes"):
        find_packaged("efficientnet_lite0+words")
