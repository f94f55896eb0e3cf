"""Parts of an encoder for fine-tuning: its last blocks, a head without training, normalisation on new pictures."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from hypviz.config import EncoderSettings, TrainSettings
from hypviz.errors import DataError
from hypviz.model.backbone import build_backbone
from hypviz.model.blocks import count_blocks, freeze_all_but_last, tower_parts
from hypviz.model.encoder import HyperbolicEncoder, build_encoder
from hypviz.model.fresh_head import fit_head, with_head_bias
from hypviz.model.norms import adapt_norms, has_batch_norm
from hypviz.training.optimiser import build_optimiser

TOWERS = {"demo": 7, "timm:test_vit": 6, "timm:test_resnet": 4}
"""Towers with the number of their blocks."""


def learning(tower: nn.Module) -> list[str]:
    return [name for name, weight in tower.named_parameters() if weight.requires_grad]


@pytest.mark.parametrize("name", TOWERS)
def test_the_last_blocks_learn_and_nothing_before_them(name: str) -> None:
    tower = build_backbone(name).tower
    assert count_blocks(tower) == TOWERS[name]
    names = [each for each, _ in tower.named_parameters()]
    freeze_all_but_last(tower, 1)
    some = learning(tower)
    parts = tower_parts(tower)
    own = {id(weight) for part in parts for weight in part.parameters()}
    in_parts = [each for each, weight in tower.named_parameters() if id(weight) in own]
    assert some and some == in_parts[-len(some) :]  # a tail of the tower
    assert len(some) < len(names)
    whole = build_backbone(name).tower
    freeze_all_but_last(whole, TOWERS[name])
    assert learning(whole) == names


def test_open_clip_towers_are_taken_apart_too() -> None:
    tower = build_backbone("open_clip:ViT-S-32-alt").tower
    assert count_blocks(tower) == 12
    freeze_all_but_last(tower, 2)
    assert {name.split(".")[2] for name in learning(tower) if name.startswith("transformer.resblocks")} == {"10", "11"}
    assert any(name.startswith("ln_post") for name in learning(tower)) and "class_embedding" not in learning(tower)


def test_frozen_blocks_keep_their_statistics_and_the_optimiser_never_sees_them() -> None:
    encoder = build_encoder(EncoderSettings(embed_dim=8))
    optimiser = build_optimiser(encoder, TrainSettings(last_blocks=1))
    encoder.train()
    before = {name: value.clone() for name, value in encoder.state_dict().items() if "running_mean" in name}
    encoder(torch.randn(4, 3, 64, 64))
    moved = [name for name, value in before.items() if not torch.equal(value, encoder.state_dict()[name])]
    assert moved and all(name.startswith(("backbone.body.9.", "backbone.norm")) for name in moved)
    seen = {id(weight) for group in optimiser.param_groups for weight in group["params"]}
    assert seen == {id(weight) for weight in encoder.parameters() if weight.requires_grad}


# --- a head without training


def project(encoder: HyperbolicEncoder, features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    with torch.inference_mode():
        directions, radii = encoder.project(torch.from_numpy(features).float())
    return directions.numpy(), radii.numpy()


def fresh(dim: int = 8) -> HyperbolicEncoder:
    return build_encoder(with_head_bias(EncoderSettings("timm:test_resnet", embed_dim=dim)))


def test_a_fresh_head_puts_the_mean_at_the_root_and_the_median_at_one() -> None:
    encoder = fresh()
    rng = np.random.default_rng(0)
    features = rng.normal(3.0, 1.0, (300, encoder.head.in_features)) * np.linspace(5, 0.1, encoder.head.in_features)
    fit_head(encoder, features)
    directions, radii = project(encoder, features)
    tangent = directions * radii[:, None]
    assert np.abs(tangent.mean(axis=0)).max() < 1e-4 and np.median(radii) == pytest.approx(1, abs=1e-4)
    variance = tangent.var(axis=0)
    assert (np.diff(variance) < 1e-4).all()  # the leading components first
    scale = np.linalg.norm(encoder.head.weight.detach().numpy(), axis=1)
    assert np.ptp(scale) < 1e-4 * scale.mean()  # one scale for all: angles and ratios are those of the features
    best = np.linalg.eigvalsh(np.cov(features.T, bias=True))[::-1][:8]
    assert variance / variance.sum() == pytest.approx(best / best.sum(), rel=1e-3)


def test_more_dimensions_than_features_are_no_trouble() -> None:
    encoder = fresh(4096)
    features = np.random.default_rng(0).normal(size=(20, encoder.head.in_features))
    fit_head(encoder, features)
    assert np.median(project(encoder, features)[1]) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("value", [1.0, np.nan])
def test_a_backbone_that_says_nothing_is_refused(value: float) -> None:
    encoder = fresh()
    with pytest.raises(DataError, match="same features"):
        fit_head(encoder, np.full((5, encoder.head.in_features), value))


# --- normalisation


def test_adapted_norms_have_the_statistics_of_the_new_pictures_and_nothing_else_changes() -> None:
    encoder = build_encoder(EncoderSettings(embed_dim=8)).eval()
    crops = np.random.default_rng(0).integers(150, 256, (12, 64, 64, 3), dtype=np.uint8)
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
    shares: list[float] = []
    adapt_norms(encoder, crops, on_share=shares.append)
    stem = encoder.backbone.body[0](encoder.normalise(crops))
    assert torch.allclose(encoder.backbone.body[1].running_mean, stem.mean(dim=(0, 2, 3)), atol=1e-4)
    changed = {name.rpartition(".")[2] for name, value in encoder.state_dict().items() if not torch.equal(value, before[name])}
    assert changed == {"running_mean", "running_var", "num_batches_tracked"}
    assert shares[-1] == 1.0 and not encoder.training
    assert has_batch_norm(encoder) and not has_batch_norm(build_encoder(EncoderSettings("timm:test_vit", embed_dim=8)))
