"""Adapters (LoRA): what learns, what is merged against float64, resuming, and checkpoints that know nothing of them."""

from __future__ import annotations

import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from hypviz.config import EncoderSettings, PairSettings, TrainSettings
from hypviz.errors import SettingsError
from hypviz.inference.embed import encode
from hypviz.model.adapters import adapted_layers, add_adapters, has_adapters, without_adapters
from hypviz.model.backbone import build_backbone
from hypviz.model.card import Card
from hypviz.model.checkpoint import load_checkpoint, save_checkpoint
from hypviz.model.encoder import HyperbolicEncoder, build_encoder
from hypviz.training.loop import Progress, Stopped, train
from hypviz.training.state import Recipe, best_weights
from hypviz.workspace.store import Workspace
from tests.worlds import TinyWorld

SETTINGS = EncoderSettings("demo-small", embed_dim=8, image_size=32)
RECIPE = Recipe(
    SETTINGS,
    TrainSettings(steps=6, batch_pairs=12, lr=1e-2, save_every=3, validate_every=3, lora_rank=2, last_blocks=2),
    PairSettings(batches="images"),
)
KINDS = {
    "demo": {"body.8", "body.9"},
    "timm:test_vit": {"blocks.4", "blocks.5"},
    "timm:test_efficientnet": {"blocks.3.0", "blocks.4.0", "conv_head"},
}
"""Towers, and the parts that the last two blocks and what comes after them are."""


def crops(count: int = 4) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, 32, 32, 3), dtype=np.uint8)


def adapted(rank: int = 2, blocks: int = 2, seed: int = 0) -> HyperbolicEncoder:
    encoder = build_encoder(SETTINGS).eval()
    add_adapters(encoder.backbone, rank=rank, blocks=blocks, seed=seed)
    return encoder


def disturb(encoder: HyperbolicEncoder) -> None:
    """Give every B something else than 0."""
    torch.manual_seed(1)
    with torch.no_grad():
        for name, weight in encoder.named_parameters():
            if ".lora_B." in name:
                weight.normal_(std=0.1)


def learning(module: nn.Module) -> set[str]:
    return {name for name, weight in module.named_parameters() if weight.requires_grad}


@pytest.mark.parametrize("name", KINDS)
def test_adapters_stand_in_the_last_blocks_and_nothing_else_of_the_tower_learns(name: str) -> None:
    tower = build_backbone(name).tower.eval()
    pictures = torch.rand(2, 3, *(2 * [build_backbone(name).size]))
    with torch.no_grad():
        before = tower(pictures)
        names = adapted_layers(tower, 2)
        add_adapters(tower, rank=2, blocks=2, seed=0)
        assert torch.equal(tower(pictures), before)  # B begins at 0
    assert learning(tower) == {f"{each}.lora_{part}.default.weight" for each in names for part in "AB"}
    assert {part for each in names for part in KINDS[name] if f"{each}.".startswith(f"{part}.")} == KINDS[name]
    assert all(any(f"{each}.".startswith(f"{part}.") for part in KINDS[name]) for each in names)


def test_layers_whose_adapters_could_not_be_merged_get_none() -> None:
    for name in ("timm:test_efficientnet", "open_clip:ViT-S-32-alt"):
        tower = build_backbone(name).tower
        layers, names = dict(tower.named_modules()), adapted_layers(tower, 0)
        assert names and all(getattr(layers[each], "groups", 1) == 1 for each in names)  # no depthwise convolution
        assert not any(".attn." in each for each in names)  # torch's attention reads the weights inside and calls nothing
        assert not any(type(layers[each]).__name__ == "Conv2dSame" for each in names)  # it pads its input itself

    class Standardised(nn.Linear):
        def forward(self, x: Tensor) -> Tensor:
            return nn.functional.linear(x, self.weight / self.weight.norm(), self.bias)

    with pytest.raises(SettingsError, match=r"^No layer that learns here .* choose another depth\.$"):
        add_adapters(nn.Sequential(Standardised(3, 3), Standardised(3, 3)), rank=2, blocks=0, seed=0)


def test_what_is_merged_is_w_plus_b_a() -> None:
    encoder, given = adapted(), build_encoder(SETTINGS).state_dict()
    disturb(encoder)
    tensors = encoder.state_dict()
    merged = without_adapters(encoder).state_dict()
    names = {name.removesuffix(".lora_A.default.weight") for name in tensors if name.endswith(".lora_A.default.weight")}
    assert list(merged) == list(given) and len(names) == len(adapted_layers(build_encoder(SETTINGS).backbone, 2))
    for name, tensor in merged.items():
        layer = name.removesuffix(".weight")
        expected = given[name].double()
        if layer in names:
            a, b = (tensors[f"{layer}.lora_{part}.default.weight"].double() for part in "AB")  # (r, C, k, k), (C', r, 1, 1)
            expected = expected + torch.einsum("or,rckl->ockl", b[:, :, 0, 0], a)
            assert not torch.equal(tensor, given[name])
        torch.testing.assert_close(tensor.double(), expected, atol=1e-6, rtol=0)


def test_a_merged_copy_gives_the_same_embeddings_and_leaves_the_encoder_to_learn() -> None:
    encoder = adapted()
    disturb(encoder)
    plain = without_adapters(encoder)
    for one, other in zip(encode(encoder, crops()), encode(plain, crops()), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)
    assert has_adapters(encoder) and not has_adapters(plain) and without_adapters(plain) is plain


def test_a_seed_draws_the_adapters() -> None:
    one, again, other = (adapted(seed=seed).state_dict() for seed in (0, 0, 1))
    name = next(name for name in one if ".lora_A." in name)
    assert torch.equal(one[name], again[name]) and not torch.equal(one[name], other[name])


def test_without_the_package_a_sentence_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(SettingsError, match=r"need the package peft: pip install \"hypviz\[lora\]\", or choose another depth\.$"):
        adapted()


# --- in a training


def run(world: TinyWorld, folder: Path, recipe: Recipe = RECIPE, **options: Any) -> HyperbolicEncoder:
    workspace = Workspace.open(world.workspace)
    return train(workspace.items, workspace.hierarchy, folder, recipe, device="cpu", **options)[0]


def same(a: dict[str, Tensor], b: dict[str, Tensor]) -> bool:
    return list(a) == list(b) and all(torch.equal(a[name], b[name]) for name in a)


def scores(*values: float) -> Any:
    """A validation that gives these scores one after the other, and keeps the encoders that it was shown."""
    left, seen = list(values), list[HyperbolicEncoder]()

    def validate(encoder: HyperbolicEncoder) -> dict[str, float]:
        seen.append(encoder)
        return {"score": left.pop(0)}

    validate.seen = seen  # type: ignore[attr-defined]
    return validate


def test_only_the_layers_with_adapters_and_the_head_change(tiny_world: TinyWorld, tmp_path: Path) -> None:
    before, after = build_encoder(SETTINGS).state_dict(), run(tiny_world, tmp_path).state_dict()
    assert list(before) == list(after)
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    names = {f"backbone.{each}.weight" for each in adapted_layers(build_encoder(SETTINGS).backbone, 2)}
    assert {name for name in changed if name.startswith("backbone.")} == names  # no statistics of a norm among them
    assert "head.weight" in changed


def test_a_checkpoint_holds_merged_weights_and_opens_without_the_package(
    tiny_world: TinyWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    validate = scores(0.1, 0.3, 0.2)
    recipe = replace(RECIPE, train=replace(RECIPE.train, patience=5))
    encoder = run(tiny_world, tmp_path, recipe, validate=validate)
    judged = validate.seen[1]  # as it was when its score was the best
    assert not has_adapters(judged) and not has_adapters(encoder) and same(encoder.state_dict(), judged.state_dict())
    path = save_checkpoint(tmp_path / "mine", encoder, Card("mine", SETTINGS, encoder.curv.item()))
    monkeypatch.setitem(sys.modules, "peft", None)
    opened, _ = load_checkpoint(path)
    for one, other in zip(encode(judged, crops()), encode(opened, crops()), strict=True):
        assert np.array_equal(one, other)


@pytest.mark.parametrize("patience", [0, 5])
def test_stopped_and_resumed_equals_uninterrupted(patience: int, tiny_world: TinyWorld, tmp_path: Path) -> None:
    recipe = replace(RECIPE, train=replace(RECIPE.train, patience=patience))
    expected = run(tiny_world, tmp_path / "whole", recipe, validate=scores(0.1, 0.2, 0.3)).state_dict()
    stop = threading.Event()

    def listen(now: Progress) -> None:
        if now.step == 4:
            stop.set()

    with pytest.raises(Stopped):
        run(tiny_world, tmp_path / "parts", recipe, validate=scores(0.1, 0.2), stop=stop, on_progress=listen)
    best = best_weights(tmp_path / "parts" / "state.pt")  # what "keep the best so far" keeps
    assert list(best) == list(expected) and not same(best, build_encoder(SETTINGS).state_dict())
    assert same(run(tiny_world, tmp_path / "parts", recipe, validate=scores(0.3)).state_dict(), expected)
