"""UNCHA's files: a random checkpoint in its authors' layout gives what the published formulas give in float64."""

from __future__ import annotations

import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from hypviz.cli.output import say_licence
from hypviz.errors import CheckpointError
from hypviz.explore.library import Library
from hypviz.geometry import from_polar, pairwise_distance, pairwise_exterior_angle
from hypviz.model.card import read_card
from hypviz.model.checkpoint import load_checkpoint
from hypviz.model.encoder import HyperbolicEncoder
from hypviz.model.published_meru import UNCHA_LICENCE
from hypviz.model.weights import read_weights
from tests import towers

TEXTS = ["a photo of a car", "a street with people and traffic signs", "wheel"]


def uncha(seed: int = 3) -> dict[str, Tensor]:
    """Besides MERU's: two temperatures more, the head of a cone's radius, and the colours that its constructor makes of its arguments."""
    tensors = towers.random_meru(seed)
    generator = torch.Generator().manual_seed(seed + 1)
    tensors |= {f"{name}logit_scale": torch.tensor(value) for name, value in (("global_", 2.5), ("local_", 2.9), ("global_local_", 2.7))}
    tensors |= {f"textual.{name}": tensor for name, tensor in towers.random_layer("min_radius_head.0", 1, 128, generator).items()}
    tensors["pixel_mean"] = tensors["pixel_std"].clone()
    return tensors


class ListConfig:
    """As OmegaConf's: betas of an optimiser that hydra has built."""

    def __init__(self, content: list[float]) -> None:
        self.content = content

    def __setstate__(self, state: dict[str, Any]) -> None:
        raise AssertionError("an object of a file was rebuilt by its own class")


@pytest.fixture(scope="module")
def tensors() -> dict[str, Tensor]:
    return uncha()


@pytest.fixture
def file(tensors: dict[str, Tensor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file as their training writes it: the optimiser's state holds a list of OmegaConf's."""
    module = types.ModuleType("omegaconf.listconfig")
    monkeypatch.setattr(ListConfig, "__module__", "omegaconf.listconfig")
    module.ListConfig = ListConfig  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "omegaconf", types.ModuleType("omegaconf"))
    monkeypatch.setitem(sys.modules, "omegaconf.listconfig", module)
    optimiser = {"param_groups": [{"betas": ListConfig([0.9, 0.98])}]}
    torch.save({"model": tensors, "optimizer": optimiser, "iteration": 500_000}, tmp_path / "uncha_vit_t.pth")
    return tmp_path / "uncha_vit_t.pth"


def expected_pictures(pixels: np.ndarray, tensors: dict[str, Tensor]) -> np.ndarray:
    weights = towers.in_float64(tensors, "visual.")

    def block(layer: int, x: np.ndarray) -> np.ndarray:
        query, key, value = np.split(towers.linear(x, weights, f"blocks.{layer}.attn.qkv"), 3, -1)
        return towers.linear(towers.attention(query, key, value, 3, causal=False), weights, f"blocks.{layer}.attn.proj")

    mean, std = (tensors[name].double().numpy() for name in ("pixel_mean", "pixel_std"))
    tokens = towers.vit((pixels - mean) / std, weights, block, layers=2)
    features = towers.layer_norm(tokens, weights, "norm", 1e-5)[:, 0] @ tensors["visual_proj.weight"].double().numpy().T
    return towers.exp_map0(features * np.exp(float(tensors["visual_alpha"])), np.exp(float(tensors["curv"])))


def expected_words(ids: np.ndarray, tensors: dict[str, Tensor]) -> np.ndarray:
    weights = towers.in_float64(tensors, "textual.")

    def block(layer: int, x: np.ndarray) -> np.ndarray:
        name = f"resblocks.{layer}.attn"
        joined = x @ weights(f"{name}.in_proj_weight").T + weights(f"{name}.in_proj_bias")
        return towers.linear(towers.attention(*np.split(joined, 3, -1), 2, causal=True), weights, f"{name}.out_proj")

    features = towers.text(ids, weights, block, layers=2) @ tensors["textual_proj.weight"].double().numpy().T
    return towers.exp_map0(features * np.exp(float(tensors["textual_alpha"])), np.exp(float(tensors["curv"])))


def embedded(encoder: HyperbolicEncoder, pixels: np.ndarray) -> tuple[tuple[np.ndarray, ...], tuple[np.ndarray, ...]]:
    with torch.inference_mode():
        pictures = encoder(encoder.standardise(torch.from_numpy(pixels).float()))
        words = encoder.encode_texts(TEXTS)
    return tuple(part.numpy() for part in pictures), tuple(part.numpy() for part in words)


def test_pictures_and_words_of_an_uncha_file_lie_where_the_published_formulas_put_them(file: Path, tensors: dict[str, Tensor]) -> None:
    encoder, card = load_checkpoint(file)
    pixels, curv = np.random.default_rng(0).random((4, 3, 32, 32)), float(np.exp(-0.4))
    pictures, words = embedded(encoder, pixels)
    ids = encoder.text.tokens(TEXTS).numpy()  # type: ignore[union-attr]
    space, said = expected_pictures(pixels, tensors), expected_words(ids, tensors)
    np.testing.assert_allclose(from_polar(*pictures, curv=curv), space, atol=2e-5)
    np.testing.assert_allclose(from_polar(*words, curv=curv), said, atol=2e-5)
    np.testing.assert_allclose(pairwise_distance(said, space, curv=curv), towers.distances(said, space, curv), atol=1e-9)
    np.testing.assert_allclose(pairwise_exterior_angle(*words, *pictures, curv=curv), towers.exterior_angles(said, space, curv), atol=1e-4)
    assert (
        card.curv == pytest.approx(curv)
        and encoder.curv.item() == pytest.approx(curv)
        and encoder.scale.item() == pytest.approx(np.exp(2.5))
    )
    assert card.encoder.pixel_mean == card.encoder.pixel_std == (0.229, 0.224, 0.225)  # as in their files, see docs/models.md


def test_the_licence_of_an_uncha_file_stands_in_the_picker_and_on_standard_error(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    card = read_card(file)
    assert card.licence == UNCHA_LICENCE and card.restricted and "UNCHA" in card.description
    library = Library(device="cpu")
    name = library.add_checkpoint(str(file))
    assert (f"{name} · not stated by UNCHA's authors", name) in library.checkpoint_choices()
    say_licence(str(file))
    assert capsys.readouterr().err == f"{name}: licence {UNCHA_LICENCE}\n"


def test_a_third_temperature_alone_makes_no_uncha_file(tensors: dict[str, Tensor], tmp_path: Path) -> None:
    plain = {name: tensor for name, tensor in tensors.items() if name not in ("local_logit_scale", "textual.min_radius_head.0.weight")}
    torch.save({"model": plain}, tmp_path / "meru.pth")
    assert "MERU or HyCoCLIP" in read_card(tmp_path / "meru.pth").description


def test_what_a_training_saved_beside_its_weights_is_neither_imported_nor_run(tmp_path: Path, tensors: dict[str, Tensor]) -> None:
    generator = {"numpy": np.random.default_rng(0).random(3), "python": (3, (1, 2), None)}
    torch.save({"model": {"a": torch.ones(2)}, "rng_by_rank": [generator]}, tmp_path / "run.pt")
    assert read_weights(tmp_path / "run.pt")["a"].tolist() == [1.0, 1.0]

    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "ran",))

    torch.save({"model": {"a": torch.ones(2)}, "optimizer": Trap()}, tmp_path / "trap.pt")
    with pytest.raises(CheckpointError, match="does not run"):
        read_weights(tmp_path / "trap.pt")
    assert not (tmp_path / "ran").exists()
