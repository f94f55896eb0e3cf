"""Published models of pictures and words: what MERU's own code gives is what we give, from its file as it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor

from hypviz.config import EncoderSettings
from hypviz.errors import CheckpointError, SettingsError
from hypviz.geometry import from_polar, pairwise_distance, pairwise_exterior_angle
from hypviz.model.card import read_card
from hypviz.model.checkpoint import load_checkpoint, save_checkpoint
from hypviz.model.encoder import HyperbolicEncoder, build_encoder
from hypviz.model.published_meru import MERU_LICENCE
from hypviz.model.text import TextTower

TOLERANCE = 1e-4


@pytest.fixture(scope="module")
def folder(shared_data: Path) -> Path:
    return shared_data / "meru_random"


@pytest.fixture(scope="module")
def meta(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "meta.json").read_text())


@pytest.fixture(scope="module")
def expected(folder: Path) -> dict[str, np.ndarray]:
    return dict(np.load(folder / "expected.npz"))


@pytest.fixture(scope="module")
def meru(folder: Path) -> HyperbolicEncoder:
    return load_checkpoint(folder / "checkpoint.pth")[0]


@pytest.fixture(scope="module")
def tensors(folder: Path) -> dict[str, Tensor]:
    return torch.load(folder / "checkpoint.pth", weights_only=True)["model"]


@pytest.fixture(scope="module")
def pictures(shared_data: Path, meta: dict[str, Any], meru: HyperbolicEncoder) -> tuple[np.ndarray, np.ndarray]:
    """Directions and radii of the eight pictures, prepared as MERU's evaluation prepares them."""
    crops = np.stack([centre_crop(Image.open(shared_data / name).convert("RGB")) for name in meta["images"]])
    with torch.inference_mode():
        direction, radius = meru(meru.normalise(crops))
    return direction.numpy(), radius.numpy()


@pytest.fixture(scope="module")
def words(meta: dict[str, Any], meru: HyperbolicEncoder) -> tuple[np.ndarray, np.ndarray]:
    with torch.inference_mode():
        direction, radius = meru.encode_texts(meta["texts"])
    return direction.numpy(), radius.numpy()


def centre_crop(picture: Image.Image, side: int = 224) -> np.ndarray:
    width, height = picture.size
    scale = side / min(width, height)
    resized = picture.resize((max(side, int(width * scale)), max(side, int(height * scale))), Image.Resampling.BICUBIC)
    left, top = round((resized.width - side) / 2), round((resized.height - side) / 2)
    return np.asarray(resized.crop((left, top, left + side, top + side)))


def test_pictures_and_words_lie_where_merus_own_code_puts_them(
    expected: dict[str, np.ndarray], pictures: tuple[np.ndarray, np.ndarray], words: tuple[np.ndarray, np.ndarray], meru: HyperbolicEncoder
) -> None:
    curv = float(expected["curv"])
    assert meru.curv.item() == pytest.approx(curv, abs=1e-6)
    for found, name in ((pictures, "image_space"), (words, "text_space")):
        np.testing.assert_allclose(from_polar(*found, curv=curv), expected[name], atol=TOLERANCE)
    angles = pairwise_exterior_angle(*words, *pictures, curv=curv)
    np.testing.assert_allclose(angles, expected["text_to_image_exterior_angle"], atol=TOLERANCE)
    space = from_polar(*pictures, curv=curv)
    apart = ~np.eye(len(space), dtype=bool)  # arccosh near 1 loses half the digits, theirs and ours: 6e-4 from a picture to itself
    np.testing.assert_allclose(
        pairwise_distance(space, space, curv=curv)[apart], expected["image_pairwise_distance"][apart], atol=TOLERANCE
    )


def test_a_meru_file_is_its_own_card(folder: Path) -> None:
    card = read_card(folder / "checkpoint.pth")
    assert card.encoder.backbone == "meru:L12_W192_A3_P16" and card.encoder.text == "meru:L2_W64_A1_C77"
    assert card.encoder.embed_dim == 64 and card.encoder.image_size == 224 and card.encoder.geometry == "hyperbolic"
    assert card.curv == pytest.approx(0.7) and card.licence == MERU_LICENCE and "CC-BY-NC" in card.licence


def test_a_card_beside_the_file_says_what_its_weights_cannot(
    folder: Path, tmp_path: Path, words: tuple[np.ndarray, np.ndarray], meta: dict[str, Any]
) -> None:
    """Attention heads leave no trace in weights, so a card may name others; and what was opened can be saved as ours."""
    encoder, card = load_checkpoint(folder / "checkpoint.pth")
    saved = save_checkpoint(tmp_path / "ours", encoder, card)
    again, same = load_checkpoint(saved)
    assert same.encoder == card.encoder
    np.testing.assert_array_equal(again.encode_texts(meta["texts"])[0].numpy(), words[0])
    (tmp_path / "theirs.pth").symlink_to(folder / "checkpoint.pth")
    content = card.to_json()
    content["encoder"]["backbone"] = "meru:L12_W192_A6_P16"
    (tmp_path / "theirs.json").write_text(json.dumps(content))
    other, _ = load_checkpoint(tmp_path / "theirs.pth")
    picture = torch.rand(1, 3, 224, 224)
    assert not torch.allclose(other.eval()(picture)[0], encoder(picture)[0])


def of_width(tensors: dict[str, Tensor], width: int) -> dict[str, Tensor]:
    """The file's tensors with its image tower, 192 wide, widened by zeros."""
    times = width // 192
    wide = {}
    for name, tensor in tensors.items():
        if name.startswith("visual") and tensor.ndim:
            shape = [side * times if side % 192 == 0 and side else side for side in tensor.shape]
            tensor = torch.zeros(shape)
        wide[name] = tensor
    return wide


@pytest.mark.parametrize(("width", "heads", "doubted"), [(192, 3, False), (384, 12, True), (768, 12, False)])
def test_heads_that_two_customs_count_differently_are_warned_of_unless_a_card_says(
    tensors: dict[str, Tensor], tmp_path: Path, caplog: pytest.LogCaptureFixture, width: int, heads: int, doubted: bool
) -> None:
    """MERU's ViT-S has 12 heads, timm's vit_small_patch16_224 has 6, and the weights look alike."""
    path = tmp_path / "vit_small.pth"
    torch.save({"model": of_width(tensors, width)}, path)
    card = read_card(path)
    assert f"_W{width}_A{heads}_" in card.encoder.backbone
    assert (
        ("timm's ViT of that width has 6" in card.description) == doubted == any("12 attention heads" in text for text in caplog.messages)
    )
    content = card.to_json() | {"description": "mine"}
    content["encoder"]["backbone"] = f"meru:L12_W{width}_A{width // 64}_P16"
    path.with_suffix(".json").write_text(json.dumps(content))
    caplog.clear()
    encoder, own = load_checkpoint(path)
    assert own.description == "mine" and not caplog.messages
    assert encoder.backbone.blocks[0].attn.num_heads == width // 64  # type: ignore[union-attr,index]


@pytest.mark.parametrize("curv", [0.02, 0.1, 10.0, 80.0])
def test_a_curvature_within_merus_clamp_of_another_start_is_kept_and_can_be_trained(
    tensors: dict[str, Tensor], tmp_path: Path, curv: float
) -> None:
    torch.save({"model": tensors | {"curv": torch.tensor(curv).log()}}, tmp_path / "other.pth")
    encoder, card = load_checkpoint(tmp_path / "other.pth")
    assert encoder.curv.item() == pytest.approx(curv, rel=1e-5) == card.curv
    encoder.clamp_scalars()
    assert encoder.curv.item() == pytest.approx(curv, rel=1e-5)
    encoder.log_curv.data += 100  # type: ignore[operator]
    encoder.clamp_scalars()
    assert encoder.curv.item() == pytest.approx(max(10.0, 10 * curv), rel=1e-5)


def test_the_clip_baseline_of_meru_has_no_curvature_and_is_compared_by_cosine(tensors: dict[str, Tensor], tmp_path: Path) -> None:
    plain = {name: tensor for name, tensor in tensors.items() if name not in ("curv", "visual_alpha", "textual_alpha")}
    torch.save({"model": plain, "iteration": 3}, tmp_path / "clip_vit_t.pth")
    encoder, card = load_checkpoint(tmp_path / "clip_vit_t.pth")
    assert card.encoder.geometry == "cosine" and card.name == "clip_vit_t" and "cosine" in card.description
    assert encoder.encode_texts(["a street"])[0].shape == (1, 64)


def test_text_tokens_are_those_of_the_byte_pair_encoding_that_meru_uses(meru: HyperbolicEncoder) -> None:
    """The ids of "a photo of a cat" and of an unclean text, as CLIP's published vocabulary has them."""
    assert isinstance(meru.text, TextTower)
    ids = meru.text.tokens(["a photo of a cat", "A  PHOTO&amp;#32;of\n a cat", "wheel " * 200])
    assert ids.shape == (3, 77) and ids[0, :8].tolist() == [49406, 320, 1125, 539, 320, 2368, 49407, 0]
    assert ids[1].tolist() == ids[0].tolist()
    assert ids[2, -1] == 49407 and (ids[2] != 0).all()  # cut short, its end kept


@pytest.mark.parametrize(("texts", "message"), [([], "at least one text"), ([" "], "at least one character"), (["a" * 10_001], "10,001")])
def test_texts_that_are_none_are_refused(meru: HyperbolicEncoder, texts: list[str], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        meru.encode_texts(texts)


def test_a_model_without_a_text_tower_says_so() -> None:
    encoder = build_encoder(EncoderSettings("demo-small", embed_dim=4))
    with pytest.raises(CheckpointError, match="has no text tower"):
        encoder.encode_texts(["wheel"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"curv": torch.tensor(5.0)}, "curvature"),
        ({"curv": torch.ones(2)}, "one finite number"),
        ({"textual.token_embed.weight": torch.zeros(100, 64)}, "vocabulary of 100"),
        ({"visual.cls_token": None}, "class token"),
        ({"visual.pos_embed": torch.zeros(7)}, "not their shapes"),
        ({"textual_proj.weight": torch.zeros(64)}, "not their shapes"),
        ({"visual.norm.bias": None}, "1 weights are missing"),
        ({"visual.extra": torch.zeros(1)}, "1 are unknown"),
        ({"textual_proj.weight": None}, r"has no card: expected bad\.json beside it, or a published MERU"),
    ],
)
def test_a_file_that_is_not_quite_meru_is_refused(tensors: dict[str, Tensor], tmp_path: Path, change: dict[str, Any], message: str) -> None:
    content = {name: tensor for name, tensor in (tensors | change).items() if tensor is not None}
    torch.save({"model": content}, tmp_path / "bad.pth")
    with pytest.raises(CheckpointError, match=message):
        load_checkpoint(tmp_path / "bad.pth")


def test_code_in_a_file_is_not_run(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "ran",))

    torch.save({"model": {"curv": Trap()}}, tmp_path / "trap.pth")
    with pytest.raises(CheckpointError, match="does not run"):
        read_card(tmp_path / "trap.pth")
    assert not (tmp_path / "ran").exists()


def test_an_openclip_file_opens_with_both_towers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same features as OpenCLIP's own model gives; its sizes are a small model's, added to its list for this test."""
    config = {
        "embed_dim": 32,
        "vision_cfg": {"image_size": 32, "layers": 2, "width": 64, "patch_size": 16},
        "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 64, "heads": 1, "layers": 1},
    }
    (tmp_path / "ViT-Test-16.json").write_text(json.dumps(config))
    open_clip.add_model_config(tmp_path / "ViT-Test-16.json")
    torch.manual_seed(0)
    model = open_clip.create_model("ViT-Test-16").eval()
    save_file({name: tensor.contiguous() for name, tensor in model.state_dict().items()}, tmp_path / "small.safetensors")
    encoder, card = load_checkpoint(tmp_path / "small.safetensors")
    assert card.encoder.backbone == "open_clip:ViT-Test-16" and card.encoder.geometry == "cosine"
    picture = torch.rand(2, 3, 32, 32)
    with torch.inference_mode():
        torch.testing.assert_close(encoder(picture)[0], model.encode_image(picture, normalize=True))
        tokens = open_clip.get_tokenizer("ViT-Test-16")(["a car", "wheel"])
        torch.testing.assert_close(encoder.encode_texts(["a car", "wheel"])[0], model.encode_text(tokens, normalize=True))
    save_file({name: tensor.contiguous() for name, tensor in model.state_dict().items()}, tmp_path / "small-quickgelu.safetensors")
    with pytest.raises(CheckpointError, match="no OpenCLIP model has its sizes"):
        read_card(tmp_path / "small-quickgelu.safetensors")
