"""hyper3-clip's folders: a random checkpoint in its authors' layouts gives what the published formulas give in float64."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from hypviz.cli.output import say_licence
from hypviz.config import EncoderSettings
from hypviz.errors import CheckpointError
from hypviz.explore.library import Library
from hypviz.geometry import from_polar
from hypviz.model.backbone import check_known
from hypviz.model.card import checkpoint_hash, read_card
from hypviz.model.checkpoint import load_checkpoint, save_checkpoint
from hypviz.model.hub_checkpoint import checkpoint_files
from hypviz.model.published_hyper3 import LICENCE
from tests import towers

TEXTS = ["a photo of a car", "a street with people and traffic signs", "wheel"]
SMALL = 3e-3
"""Of what enters the first block: its variance is near LayerNorm's epsilon, so that 1e-5 in place of 1e-6 is seen."""
RELEASED = {
    "model_type": "hyper3_clip", "vision_backbone": "vit_tiny_patch16_224", "text_model_name": "openai/clip-vit-base-patch32",
    "embed_dim": 24, "curv_init": 1.0, "learn_curv": True, "image_size": 32, "max_text_length": 77, "curvature_min": 0.1,
    "curvature_max": 10.0,
    "text_config": {"model_type": "clip_text_model", "hidden_act": "quick_gelu", "layer_norm_eps": 1e-05, "num_attention_heads": 2},
}  # fmt: skip
PAPER = """vision_backbone: vit_tiny_patch16_224
vision_global_pool: token
vision_sincos2d_pos: true
vision_norm_layer: layer_norm
text_model_name: openai/clip-vit-base-patch32
embed_dim: 24
curv_init: 0.5
objective:
  entail_weight: 0.2
"""


def hyper3(*, mean: bool, wrapped: bool, log_curv: float, seed: int = 7) -> dict[str, Tensor]:
    """mean: with timm's fc_norm for averaged patches, without query pooling and with one temperature, as on the hub; wrapped: as
    transformers 4 named a text tower."""
    generator = torch.Generator().manual_seed(seed)
    vision = towers.random_vit(generator, scale=SMALL) | towers.random_norm("fc_norm" if mean else "norm", 192, generator)
    tensors = {f"vision_encoder.backbone.{name}": tensor for name, tensor in vision.items()}
    start = f"text_encoder.backbone.{'text_model.' if wrapped else ''}"
    for name, tensor in towers.random_text(generator).items():
        tensors |= {f"{start}{renamed}": part for renamed, part in in_transformers(name, tensor).items()}
    tensors |= towers.random_layer("image_proj", 24, 192, generator) | towers.random_layer("text_proj", 24, 128, generator)
    scalars = {"visual_alpha": -1.1, "textual_alpha": -1.4, "log_curv": log_curv}
    scalars |= {"logit_scale": 3.0} if mean else {"global_logit_scale": 2.6, "local_logit_scale": 3.0, "global_local_logit_scale": 2.8}
    tensors |= {name: torch.tensor(value) for name, value in scalars.items()}
    return tensors if mean else tensors | towers.random_layer("query_pooling.text_query_proj", 192, 128, generator)


def in_transformers(name: str, tensor: Tensor) -> dict[str, Tensor]:
    """A weight of MERU's text tower as transformers' CLIPTextModel names it, in its parts."""
    whole = {"token_embed.weight": "embeddings.token_embedding.weight", "posit_embed": "embeddings.position_embedding.weight"}
    if name in whole or name.startswith("ln_final"):
        return {whole.get(name) or name.replace("ln_final", "final_layer_norm"): tensor}
    if name == "attn_mask":
        return {"embeddings.position_ids": torch.arange(77)[None]}
    start = f"encoder.layers.{name.split('.')[1]}."
    rest = name.partition(".")[2].partition(".")[2]
    if rest.startswith("attn.in_proj_"):
        kind = rest.removeprefix("attn.in_proj_")
        return {f"{start}self_attn.{part}_proj.{kind}": third for part, third in zip("qkv", tensor.chunk(3), strict=True)}
    for old, new in (("attn.out_proj", "self_attn.out_proj"), ("ln_", "layer_norm"), ("mlp.c_fc", "mlp.fc1"), ("mlp.c_proj", "mlp.fc2")):
        rest = rest.replace(old, new)
    return {start + rest: tensor}


def written(folder: Path, tensors: dict[str, Tensor], config: dict[str, Any] | str | None) -> Path:
    folder.mkdir(exist_ok=True)
    save_file({name: tensor.contiguous().clone() for name, tensor in tensors.items()}, folder / "model.safetensors")
    if isinstance(config, str):
        (folder / "config.yaml").write_text(config)
    elif config:
        (folder / "config.json").write_text(json.dumps(config))
    return folder / "model.safetensors"


def expected_pictures(pixels: np.ndarray, tensors: dict[str, Tensor], *, mean: bool, curv: float) -> np.ndarray:
    weights, epsilon = towers.in_float64(tensors, "vision_encoder.backbone."), 1e-6 if mean else 1e-5

    def block(layer: int, x: np.ndarray) -> np.ndarray:
        query, key, value = np.split(towers.linear(x, weights, f"blocks.{layer}.attn.qkv"), 3, -1)
        return towers.linear(towers.attention(query, key, value, 3, causal=False), weights, f"blocks.{layer}.attn.proj")

    tokens = towers.vit((pixels - IMAGENET[0]) / IMAGENET[1], weights, block, layers=2, epsilon=epsilon)
    pooled = tokens[:, 1:].mean(1) if mean else tokens[:, 0]
    features = towers.layer_norm(pooled, weights, "fc_norm" if mean else "norm", epsilon)
    tangent = towers.linear(features, towers.in_float64(tensors), "image_proj") * np.exp(float(tensors["visual_alpha"]))
    return towers.exp_map0(tangent, curv)


IMAGENET = np.array([0.485, 0.456, 0.406]).reshape(3, 1, 1), np.array([0.229, 0.224, 0.225]).reshape(3, 1, 1)


def expected_words(ids: np.ndarray, tensors: dict[str, Tensor], *, wrapped: bool, curv: float) -> np.ndarray:
    """By transformers' names, with x·σ(1.702 x)."""
    weights = towers.in_float64(tensors, f"text_encoder.backbone.{'text_model.' if wrapped else ''}")
    x = weights("embeddings.token_embedding.weight")[ids] + weights("embeddings.position_embedding.weight")
    for start in ("encoder.layers.0.", "encoder.layers.1."):
        normed = towers.layer_norm(x, weights, f"{start}layer_norm1", 1e-5)
        query, key, value = (towers.linear(normed, weights, f"{start}self_attn.{part}_proj") for part in "qkv")
        x = x + towers.linear(towers.attention(query, key, value, 2, causal=True), weights, f"{start}self_attn.out_proj")
        normed = towers.layer_norm(x, weights, f"{start}layer_norm2", 1e-5)
        x = x + towers.linear(towers.quick_gelu(towers.linear(normed, weights, f"{start}mlp.fc1")), weights, f"{start}mlp.fc2")
    features = towers.layer_norm(x, weights, "final_layer_norm", 1e-5)[np.arange(len(ids)), ids.argmax(-1)]
    tangent = towers.linear(features, towers.in_float64(tensors), "text_proj") * np.exp(float(tensors["textual_alpha"]))
    return towers.exp_map0(tangent, curv)


@pytest.mark.parametrize(
    ("mean", "wrapped", "config", "log_curv", "curv"),
    [
        (True, True, RELEASED, -0.6, np.exp(-0.6)),
        (True, False, RELEASED, -4.0, 0.1),  # κ is clamped where it is used: exp(−4) is below a tenth of its start
        (False, False, PAPER, 2.0, 5.0),  # ten times the start of 0.5
        (False, True, None, -3.0, 0.1),
    ],
)
def test_pictures_and_words_of_a_hyper3_folder_lie_where_the_published_formulas_put_them(
    tmp_path: Path, mean: bool, wrapped: bool, config: dict[str, Any] | str | None, log_curv: float, curv: float
) -> None:
    tensors = hyper3(mean=mean, wrapped=wrapped, log_curv=log_curv)
    encoder, card = load_checkpoint(written(tmp_path / "hyper3", tensors, config))
    pixels = np.random.default_rng(2).random((4, 3, 32, 32))
    with torch.inference_mode():
        pictures = encoder(encoder.standardise(torch.from_numpy(pixels).float()))
        words = encoder.encode_texts(TEXTS)
        ids = encoder.text.tokens(TEXTS).numpy()  # type: ignore[union-attr]
    ids = np.where(ids == 0, 49407, ids)  # transformers fills up with the end of text
    space = expected_pictures(pixels, tensors, mean=mean, curv=curv)
    np.testing.assert_allclose(from_polar(*(part.numpy() for part in pictures), curv=curv), space, atol=2e-5)
    said = expected_words(ids, tensors, wrapped=wrapped, curv=curv)
    np.testing.assert_allclose(from_polar(*(part.numpy() for part in words), curv=curv), said, atol=2e-5)
    assert card.curv == pytest.approx(curv) and encoder.curv.item() == pytest.approx(curv)
    assert card.encoder.backbone == ("vit:mean_L2_W192_A3_P16_E6" if mean else "meru:L2_W192_A3_P16")
    assert card.encoder.text == "clip:L2_W128_A2_C77" and card.encoder.image_size == 32 and card.name == "hyper3"
    assert ("taken as in its releases" in card.description) == (config is None)


def test_the_licence_of_a_hyper3_folder_stands_in_the_picker_and_on_standard_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path / "hyper3", hyper3(mean=True, wrapped=True, log_curv=0.0), RELEASED)
    assert read_card(path).licence == LICENCE and not read_card(path).restricted
    library = Library(device="cpu")
    name = library.add_checkpoint(str(path.parent))
    assert ("hyper3 · not stated in the file", name) in library.checkpoint_choices()
    say_licence(str(path))
    assert capsys.readouterr().err == f"hyper3: licence {LICENCE}\n"


def test_what_was_opened_is_saved_as_ours_without_its_configuration(tmp_path: Path) -> None:
    encoder, card = load_checkpoint(written(tmp_path / "theirs", hyper3(mean=True, wrapped=True, log_curv=0.3), RELEASED))
    again, same = load_checkpoint(save_checkpoint(tmp_path / "ours", encoder, card))
    assert same == card and torch.equal(again.encode_texts(TEXTS)[0], encoder.encode_texts(TEXTS)[0])


def test_another_configuration_is_another_embedding(tmp_path: Path) -> None:
    path = written(tmp_path / "a", hyper3(mean=True, wrapped=True, log_curv=3.0), RELEASED)
    before = checkpoint_hash(path)
    written(tmp_path / "a", hyper3(mean=True, wrapped=True, log_curv=3.0), RELEASED | {"curvature_max": 15.0})
    assert checkpoint_hash(path) != before and read_card(path).curv == pytest.approx(15.0)


def test_a_repository_of_theirs_is_fetched_with_its_configuration() -> None:
    assert checkpoint_files(["README.md", "config.yaml", "model.safetensors"]) == ("model.safetensors", "config.yaml")
    assert checkpoint_files(["config.json", "model.safetensors", "tokenizer.json"]) == ("model.safetensors", "config.json")


def test_heads_are_those_of_the_named_vit_whatever_their_width(tmp_path: Path) -> None:
    """A width of 192 has 3 heads by custom; the configuration names a ViT of 12."""
    path = written(tmp_path / "a", hyper3(mean=True, wrapped=True, log_curv=0.0), RELEASED | {"vision_backbone": "vit_base_patch16_224"})
    assert "_A12_" in read_card(path).encoder.backbone


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"vision_backbone": "resnet50"}, "expected a ViT of timm's"),
        ({"vision_backbone": "hf_clip:openai/clip-vit-base-patch16"}, "expected a ViT of timm's"),
        ({"curv_init": "one"}, "curv_init: 'one'; expected a number above 0"),
        ({"curvature_min": 20.0}, "no range"),
        ({"normalize_encoder_features": True}, "normalize_encoder_features: 'True', which is not read"),
        ({"phyclip_subspace_dim": 64}, "phyclip_subspace_dim"),
        ({"image_normalization": "clip"}, "expected 'imagenet'"),
        ({"text_config": {"hidden_act": "relu"}}, "'relu'"),
        ({"text_config": {"layer_norm_eps": 1e-6}}, "'1e-06'"),
        ({"text_config": None, "text_model_name": "laion/CLIP-ViT-H-14"}, "whose activation is not known here"),
    ],
)
def test_a_configuration_that_is_not_read_here_is_refused(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    path = written(tmp_path / "a", hyper3(mean=True, wrapped=True, log_curv=0.0), RELEASED | change)
    with pytest.raises(CheckpointError, match=message):
        read_card(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"log_curv": torch.ones(8)}, "one finite number"),
        ({"visual_alpha": torch.ones(8)}, "one finite number"),
        ({"proclip_image_proj.weight": torch.ones(2)}, r"1 are unknown \(first 'proclip_image_proj.weight'\)"),
        ({"image_proj.weight": None}, "is no hypviz checkpoint card"),
        ({"vision_encoder.backbone.cls_token": None}, "without a class token"),
        ({"text_encoder.backbone.text_model.embeddings.token_embedding.weight": torch.ones(100, 128)}, "vocabulary of 100"),
        ({"text_encoder.backbone.text_model.embeddings.position_embedding.weight": None}, "not CLIP's"),
        ({"text_encoder.backbone.text_model.encoder.layers.1.self_attn.v_proj.bias": None}, "no complete attention in layer 1"),
    ],
)
def test_weights_that_are_not_quite_theirs_are_refused(tmp_path: Path, change: dict[str, Tensor | None], message: str) -> None:
    content = hyper3(mean=True, wrapped=True, log_curv=0.0) | change
    path = written(tmp_path / "a", {name: tensor for name, tensor in content.items() if tensor is not None}, RELEASED)
    with pytest.raises(CheckpointError, match=message):
        load_checkpoint(path)


def test_a_damaged_configuration_is_named(tmp_path: Path) -> None:
    path = written(tmp_path / "a", hyper3(mean=True, wrapped=True, log_curv=0.0), "vision_backbone: [")
    with pytest.raises(CheckpointError, match=r"config\.yaml beside the weights cannot be read"):
        read_card(path)


@pytest.mark.parametrize("name", ["vit:max_L2_W64_A1_P16_E6", "vit:mean_L2_W64_A1_P16", "vit:mean_L2_W64_A1_P16_E99"])
def test_a_vit_by_a_name_that_says_no_shape_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"vit:|A transformer's shape|10\^-12"):
        check_known(EncoderSettings(name).backbone)
