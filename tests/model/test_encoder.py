"""The encoder gives a unit direction and a radius, whatever backbone, number format or mode it is in."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

from hypviz.config import EncoderSettings
from hypviz.model.backbone import Backbone
from hypviz.model.encoder import CURV_RANGE, MAX_SCALE, HyperbolicEncoder, build_encoder

DEMO = EncoderSettings(embed_dim=8, image_size=32)


@pytest.fixture
def encoder() -> HyperbolicEncoder:
    return build_encoder(DEMO, seed=1).eval()


@pytest.fixture(scope="module")
def crops() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (6, 32, 32, 3), dtype=np.uint8)


class Flat(nn.Module):
    """A backbone whose features are the pixels themselves."""

    def __init__(self) -> None:
        super().__init__()
        self.unused = nn.Parameter(torch.zeros(1))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images.flatten(1)


def flat_encoder(**settings: float) -> HyperbolicEncoder:
    backbone = Backbone(Flat(), 12, 2, (0.5, 0.25, 0.0), (0.5, 0.25, 1.0))
    return HyperbolicEncoder(EncoderSettings(embed_dim=5, **settings), backbone)


def test_direction_times_radius_is_the_scaled_linear_map_of_the_features(encoder: HyperbolicEncoder, crops: np.ndarray) -> None:
    with torch.no_grad():
        images = encoder.normalise(crops)
        directions, radii = encoder(images)
        features = encoder.backbone(images)
        tangent = encoder.log_alpha.exp() * features @ encoder.head.weight.T
    assert directions.shape == (6, 8)
    torch.testing.assert_close(directions.norm(dim=1), torch.ones(6))
    torch.testing.assert_close(radii, tangent.norm(dim=1))
    torch.testing.assert_close(directions * radii[:, None], tangent)
    assert radii.std() > 0


def test_alpha_scales_the_radius_and_not_the_direction(encoder: HyperbolicEncoder, crops: np.ndarray) -> None:
    assert encoder.log_alpha.exp().item() == pytest.approx(8**-0.5)
    with torch.no_grad():
        before = encoder(encoder.normalise(crops))
        encoder.log_alpha -= math.log(2)
        after = encoder(encoder.normalise(crops))
    torch.testing.assert_close(after[0], before[0])
    torch.testing.assert_close(after[1], before[1] / 2)


def test_alpha_is_at_most_one_even_before_it_is_clamped(encoder: HyperbolicEncoder, crops: np.ndarray) -> None:
    radii = []
    with torch.no_grad():
        for log_alpha in (0.0, 3.0):
            encoder.log_alpha.fill_(log_alpha)
            radii.append(encoder(encoder.normalise(crops))[1])
    torch.testing.assert_close(radii[0], radii[1])


def test_a_vanishing_feature_has_a_finite_direction_and_gradient() -> None:
    encoder = flat_encoder()
    black = torch.zeros(1, 3, 2, 2, requires_grad=True)
    directions, radii = encoder(black)
    (directions.sum() + radii.sum()).backward()
    assert directions.isfinite().all()
    assert radii.item() > 0
    assert black.grad is not None
    assert black.grad.isfinite().all()


def test_pixels_are_standardised_by_the_backbones_mean_and_deviation() -> None:
    crops = np.full((1, 2, 2, 3), 255, np.uint8)
    crops[0, 0, 1] = (0, 0, 51)
    images = flat_encoder().normalise(crops)
    assert images.shape == (1, 3, 2, 2)
    assert images[0, :, 1, 1].tolist() == [1.0, 3.0, 1.0]
    assert images[0, :, 0, 1].tolist() == pytest.approx([-1.0, -1.0, 0.2])


@pytest.mark.parametrize("shape", [(3, 32, 32, 3), (2, 5, 7, 3), (0, 32, 32, 3)])
def test_normalised_crops_are_what_standardise_gives_bit_by_bit_and_stay_as_they_were(shape: tuple[int, ...]) -> None:
    encoder = build_encoder(EncoderSettings("demo-small", embed_dim=8, image_size=32))
    crops = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    kept = torch.from_numpy(crops.copy())
    found = encoder.normalise(kept)
    assert torch.equal(found, encoder.standardise(kept.permute(0, 3, 1, 2).float() / 255.0))
    assert found.is_contiguous(memory_format=torch.channels_last) and torch.equal(kept, torch.from_numpy(crops))
    assert torch.equal(
        encoder.normalise(kept.flip(1).permute(0, 2, 1, 3)), encoder.normalise(np.ascontiguousarray(crops[:, ::-1].swapaxes(1, 2)))
    )


@pytest.mark.parametrize(("log_curv", "curv"), [(-9.0, CURV_RANGE[0]), (9.0, CURV_RANGE[1]), (math.log(0.7), 0.7)])
def test_curvature_is_kept_in_its_range(log_curv: float, curv: float) -> None:
    encoder = flat_encoder()
    with torch.no_grad():
        encoder.log_curv.fill_(log_curv)
    assert encoder.curv.item() == pytest.approx(curv)
    encoder.clamp_scalars()
    assert encoder.log_curv.exp().item() == pytest.approx(curv)


@pytest.mark.parametrize(("log_scale", "scale"), [(9.0, MAX_SCALE), (math.log(14.0), 14.0), (-2.0, math.exp(-2.0))])
def test_the_scale_is_at_most_a_hundred(log_scale: float, scale: float) -> None:
    encoder = flat_encoder()
    with torch.no_grad():
        encoder.log_scale.fill_(log_scale)
        encoder.log_alpha.fill_(1.0)
    assert encoder.scale.item() == pytest.approx(scale)
    encoder.clamp_scalars()
    assert encoder.log_scale.exp().item() == pytest.approx(scale)
    assert encoder.log_alpha.item() == 0.0


@pytest.mark.parametrize("beyond", [-9.0, 9.0])
def test_a_scalar_on_the_edge_of_its_range_still_has_its_gradient(beyond: float) -> None:
    """Without it the edge, once reached, would never be left."""
    encoder = flat_encoder()
    with torch.no_grad():
        for scalar in (encoder.log_curv, encoder.log_scale, encoder.log_alpha):
            scalar.fill_(beyond)
    encoder.clamp_scalars()
    _, radii = encoder(torch.ones(1, 3, 2, 2))
    (encoder.curv + encoder.scale + radii.sum()).backward()
    for scalar in (encoder.log_curv, encoder.log_scale, encoder.log_alpha):
        assert scalar.grad is not None
        assert scalar.grad.item() > 0


def test_settings_set_curvature_temperature_and_what_is_learnt() -> None:
    encoder = build_encoder(EncoderSettings(embed_dim=3, curv_init=2.0, temperature_init=0.1, learn_curv=False, geometry="euclidean"))
    assert encoder.curv.item() == pytest.approx(2.0)
    assert encoder.scale.item() == pytest.approx(10.0)
    assert not encoder.log_curv.requires_grad
    assert encoder.log_scale.requires_grad
    assert encoder.settings.geometry == "euclidean"
    assert build_encoder(DEMO).log_curv.requires_grad


def test_the_seed_decides_the_weights_and_leaves_other_draws_alone() -> None:
    state = torch.get_rng_state()
    weights = [build_encoder(DEMO, seed=seed).state_dict() for seed in (1, 1, 2)]
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    assert not torch.equal(weights[0]["head.weight"], weights[2]["head.weight"])


def test_in_bfloat16_the_output_is_float32_and_near(encoder: HyperbolicEncoder, crops: np.ndarray) -> None:
    with torch.no_grad():
        exact = encoder(encoder.normalise(crops))
        rough_encoder = encoder.to_bfloat16()
        images = rough_encoder.normalise(crops)
        rough = rough_encoder(images)
    assert images.dtype == torch.bfloat16 and encoder.head.weight.dtype == torch.float32  # the head costs nothing
    assert rough[0].dtype == rough[1].dtype == torch.float32
    torch.testing.assert_close(rough[0].norm(dim=1), torch.ones(6))
    assert (rough[0] * exact[0]).sum(1).min() > 0.99
    torch.testing.assert_close(rough[1], exact[1], rtol=0.05, atol=0)
    assert not torch.equal(rough[0], exact[0])


def test_bfloat16_leaves_what_all_embeddings_share_exact() -> None:
    encoder = build_encoder(EncoderSettings(embed_dim=8, curv_init=0.4567, backbone="timm:test_resnet"))
    before = {"curv": encoder.curv, "scale": encoder.scale, "alpha": encoder.log_alpha.clone(), "mean": encoder.mean, "std": encoder.std}
    encoder.to_bfloat16()
    after = {"curv": encoder.curv, "scale": encoder.scale, "alpha": encoder.log_alpha, "mean": encoder.mean, "std": encoder.std}
    assert all(torch.equal(before[name], after[name]) and after[name].dtype == torch.float32 for name in before)


def test_under_autocast_the_output_is_float32(encoder: HyperbolicEncoder, crops: np.ndarray) -> None:
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        directions, radii = encoder(encoder.normalise(crops))
    assert directions.dtype == radii.dtype == torch.float32
    torch.testing.assert_close(directions.norm(dim=1), torch.ones(6))


def test_a_frozen_backbone_keeps_its_batch_statistics_in_training(encoder: HyperbolicEncoder, crops: np.ndarray) -> None:
    for parameter in encoder.backbone.parameters():
        parameter.requires_grad_(False)
    encoder.train()
    before = {name: tensor.clone() for name, tensor in encoder.backbone.state_dict().items()}
    encoder(encoder.normalise(crops))
    assert encoder.head.training
    assert all(torch.equal(tensor, before[name]) for name, tensor in encoder.backbone.state_dict().items())


def test_a_backbone_in_training_gathers_statistics(encoder: HyperbolicEncoder, crops: np.ndarray) -> None:
    before = {name: tensor.clone() for name, tensor in encoder.backbone.state_dict().items()}
    encoder.train()(encoder.normalise(crops))
    assert any(not torch.equal(tensor, before[name]) for name, tensor in encoder.backbone.state_dict().items())
    assert not encoder.eval().backbone.training
