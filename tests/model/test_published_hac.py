"""HAC's files: LoRA is merged exactly, and a random checkpoint in its authors' layout gives what the unmerged formulas give in float64."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from hypviz.cli.output import say_licence
from hypviz.errors import CheckpointError
from hypviz.explore.library import Library
from hypviz.geometry import from_polar
from hypviz.model.card import read_card
from hypviz.model.checkpoint import load_checkpoint
from hypviz.model.low_rank import without_low_rank
from hypviz.model.published_meru import HAC_LICENCE, MERU_LICENCE
from tests import towers

TEXTS = ["a photo of a car", "a street with people and traffic signs", "wheel"]
PARTS = ("q_proj", "k_proj", "v_proj", "proj")
SCALE = 128 / np.sqrt(128)
"""α/√r of configs/train_hac_vit_b_lora.py: r = lora_alpha = 128, use_rslora."""


def hac(*, rank: int = 128, adapted: bool = True, seed: int = 5) -> dict[str, Tensor]:
    """q, k and v apart, both towers wrapped by PEFT, the last block of each adapted, as PEFT 0.17.1 names it all."""
    generator = torch.Generator().manual_seed(seed)
    tensors = {}
    for name, tensor in towers.random_meru(seed).items():
        tower, _, rest = name.partition(".")
        start = f"{tower}.base_model.model." if tower in ("visual", "textual") else f"{tower}." if rest else tower
        attention, _, last = rest.partition(".attn.")
        kind = "bias" if last.endswith("bias") else "weight"
        here = f"{start}{attention}.attn."
        layer = "base_layer." if adapted and attention.endswith(".1") else ""
        if last.startswith(("qkv.", "in_proj_")):
            tensors |= {f"{here}{part}.{layer}{kind}": third for part, third in zip(PARTS, tensor.chunk(3), strict=False)}
        elif last:
            tensors[f"{here}proj.{layer}{kind}"] = tensor
        else:
            tensors[f"{start}{rest}"] = tensor
    if adapted:
        for start, width in (("visual.base_model.model.blocks.1.attn.", 192), ("textual.base_model.model.resblocks.1.attn.", 128)):
            for part in PARTS:
                tensors[f"{start}{part}.lora_A.default.weight"] = torch.randn(rank, width, generator=generator) * width**-0.5
                tensors[f"{start}{part}.lora_B.default.weight"] = torch.randn(width, rank, generator=generator) * 0.02
    return tensors


@pytest.fixture(scope="module")
def tensors() -> dict[str, Tensor]:
    return hac()


@pytest.fixture(scope="module")
def file(tensors: dict[str, Tensor], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("hac") / "hac_vit_t_lora.pth"
    torch.save({"model": tensors, "iteration": 30_000}, path)
    return path


def adapted(x: np.ndarray, weights: towers.Weights, name: str) -> np.ndarray:
    """W x + b + s·B(A x), never a merged weight; without A and B for a layer that has none."""
    try:
        plain = towers.linear(x, weights, f"{name}.base_layer")
    except KeyError:
        return towers.linear(x, weights, name)
    return plain + SCALE * (x @ weights(f"{name}.lora_A.default.weight").T) @ weights(f"{name}.lora_B.default.weight").T


def block(weights: towers.Weights, start: str, heads: int, *, causal: bool) -> towers.Block:
    def computed(layer: int, x: np.ndarray) -> np.ndarray:
        name = f"{start}.{layer}.attn"
        parts = [adapted(x, weights, f"{name}.{part}") for part in ("q_proj", "k_proj", "v_proj")]
        return adapted(towers.attention(parts[0], parts[1], parts[2], heads, causal=causal), weights, f"{name}.proj")

    return computed


def test_pictures_and_words_of_a_hac_file_lie_where_the_published_formulas_put_them(file: Path, tensors: dict[str, Tensor]) -> None:
    encoder, card = load_checkpoint(file)
    pixels, curv = np.random.default_rng(1).random((4, 3, 32, 32)), float(np.exp(-0.4))
    with torch.inference_mode():
        pictures = encoder(encoder.standardise(torch.from_numpy(pixels).float()))
        words = encoder.encode_texts(TEXTS)
        ids = encoder.text.tokens(TEXTS).numpy()  # type: ignore[union-attr]
    vision, said = (towers.in_float64(tensors, f"{tower}.base_model.model.") for tower in ("visual", "textual"))
    mean, std, visual, textual = (
        tensors[name].double().numpy() for name in ("pixel_mean", "pixel_std", "visual_proj.weight", "textual_proj.weight")
    )
    tokens = towers.vit((pixels - mean) / std, vision, block(vision, "blocks", 3, causal=False), layers=2)
    space = towers.exp_map0(towers.layer_norm(tokens, vision, "norm", 1e-5)[:, 0] @ visual.T * np.exp(-1.0), curv)
    features = towers.text(ids, said, block(said, "resblocks", 2, causal=True), layers=2)
    np.testing.assert_allclose(from_polar(*(part.numpy() for part in pictures), curv=curv), space, atol=2e-5)
    expected_words = towers.exp_map0(features @ textual.T * np.exp(-1.3), curv)
    np.testing.assert_allclose(from_polar(*(part.numpy() for part in words), curv=curv), expected_words, atol=2e-5)
    assert card.curv == pytest.approx(curv) and "128/√128" in card.description and card.encoder.backbone == "meru:L2_W192_A3_P16"


def test_a_merged_weight_is_the_exact_sum_rounded_once() -> None:
    generator = torch.Generator().manual_seed(2)
    weight, first, second = (torch.randn(shape, generator=generator) for shape in ((6, 5), (3, 5), (6, 3)))
    named = {
        "t.base_model.model.a.base_layer.weight": weight,
        "t.base_model.model.a.base_layer.bias": torch.ones(6),
        "curv": torch.ones(()),
    }
    low = {"t.base_model.model.a.lora_A.default.weight": first, "t.base_model.model.a.lora_B.default.weight": second}
    merged = without_low_rank(named | low, lambda rank: 16 / rank, source=Path("a.pth"))
    assert set(merged) == {"t.a.weight", "t.a.bias", "curv"} and merged["t.a.weight"].dtype == torch.float32
    exact = weight.double().numpy() + 16 / 3 * (second.double().numpy() @ first.double().numpy())
    np.testing.assert_array_equal(merged["t.a.weight"].numpy(), exact.astype(np.float32))
    half = without_low_rank({name: tensor.half() for name, tensor in (named | low).items()}, lambda rank: 16 / rank, source=Path("a.pth"))
    assert half["t.a.weight"].dtype == torch.float16


def test_a_hac_file_that_peft_has_merged_opens_too_and_says_nothing_of_a_scale(tmp_path: Path) -> None:
    merged = {name.replace(".base_model.model.", "."): tensor for name, tensor in hac(adapted=False).items()}
    torch.save({"model": merged}, tmp_path / "merged.pth")
    encoder, card = load_checkpoint(tmp_path / "merged.pth")
    assert card.licence == HAC_LICENCE and "128" not in card.description
    torch.save({"model": towers.random_meru(5)}, tmp_path / "same.pth")
    same, other = load_checkpoint(tmp_path / "same.pth")
    assert other.licence == MERU_LICENCE and torch.equal(same.encode_texts(TEXTS)[0], encoder.encode_texts(TEXTS)[0])


def test_the_licence_of_a_hac_file_stands_in_the_picker_and_on_standard_error(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert read_card(file).licence == HAC_LICENCE and read_card(file).restricted
    library = Library(device="cpu")
    name = library.add_checkpoint(str(file))
    assert (f"{name} · not stated by HAC's authors", name) in library.checkpoint_choices()
    say_licence(str(file))
    assert capsys.readouterr().err == f"{name}: licence {HAC_LICENCE}\n"


A = "visual.base_model.model.blocks.1.attn.q_proj.lora_A.default.weight"
B = A.replace("lora_A", "lora_B")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({A: None}, "by B alone"),
        ({A: torch.ones(128, 191)}, r"do not fit its weight of shape \(192, 192\)"),
        ({A: torch.ones(127, 192)}, "rank 128 and A of rank 127"),
        ({A: torch.full((128, 192), torch.nan)}, "not finite"),
        ({A: torch.ones(8, 192), B: torch.ones(192, 8)}, r"LoRA of rank 8, whose scale no file states.*merge_and_unload"),
        ({A.replace("default", "other"): torch.ones(128, 192)}, r"2 adapters \(default, other\)"),
        ({A.replace("lora_A.default.weight", "lora_magnitude_vector.default.weight"): torch.ones(192)}, "LoRA of linear layers alone"),
        ({A.replace("lora_A.default.weight", "ia3_l.default"): torch.ones(192)}, "LoRA of linear layers alone"),
        ({A.replace("q_proj.lora_A.default", "k_proj.base_layer"): None}, r"'visual\.blocks\.1\.attn\.k_proj' by B"),
        ({"visual.base_model.model.blocks.0.attn.k_proj.bias": None}, "without one bias of the same shape"),
        ({"textual.base_model.model.text_learnable_tokens": torch.ones(2, 128)}, "LoRA and no adaptation are read"),
    ],
)
def test_an_adaptation_that_is_not_the_released_ones_is_refused(
    tensors: dict[str, Tensor], tmp_path: Path, change: dict[str, Tensor | None], message: str
) -> None:
    content = {name: tensor for name, tensor in (tensors | change).items() if tensor is not None}
    torch.save({"model": content}, tmp_path / "bad.pth")
    with pytest.raises(CheckpointError, match=message):
        read_card(tmp_path / "bad.pth")
