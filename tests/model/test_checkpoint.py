"""Checkpoints: what was saved is what is loaded, and what does not belong together is refused in one sentence."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import open_clip
import pytest
import timm
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from hypviz.config import EncoderSettings
from hypviz.errors import CheckpointError
from hypviz.model.card import Card, checkpoint_hash, find_checkpoint, list_checkpoints, read_card, weights_path
from hypviz.model.checkpoint import load_checkpoint, save_checkpoint
from hypviz.model.encoder import HyperbolicEncoder, build_encoder

SMALL = EncoderSettings("timm:test_resnet", embed_dim=4, image_size=32)
CARD = Card(
    "one", SMALL, curv=0.7, temperature=0.05, omega_children=0.9, omega_parents=1.2, licence="CC0-1.0", description="Größe ✓",
    training={"recipe": {"train": {"steps": 3}}, "history": [{"step": 1, "loss": 2.5}]}, metrics={"validation": {"mAP": 0.5}},
)  # fmt: skip
SHAKEN = 20
"""Draws that fill the batch statistics, so that they matter."""


@pytest.fixture(scope="module")
def encoder() -> HyperbolicEncoder:
    made = build_encoder(SMALL, seed=3).train()
    with torch.no_grad():
        for step in range(SHAKEN):
            made(pictures(step))
        made.log_curv.fill_(-0.3)
        made.log_alpha.fill_(-0.9)
    return made.eval()


@pytest.fixture
def saved(encoder: HyperbolicEncoder, tmp_path: Path) -> Path:
    return save_checkpoint(tmp_path / "one", encoder, CARD)


def pictures(seed: int = 99) -> Tensor:
    return torch.randn(5, 3, 32, 32, generator=torch.Generator().manual_seed(seed))


def rewrite(path: Path, **keys: Any) -> None:
    """Change keys of a card; None removes one."""
    content = json.loads(path.with_suffix(".json").read_text("utf-8")) | keys
    path.with_suffix(".json").write_text(json.dumps({key: value for key, value in content.items() if value is not None}), "utf-8")


# --- round trips


def test_a_loaded_encoder_gives_what_the_saved_one_gave(encoder: HyperbolicEncoder, saved: Path) -> None:
    loaded, card = load_checkpoint(saved)
    assert not loaded.training
    assert card == CARD
    with torch.no_grad():
        for a, b in zip(loaded(pictures()), encoder(pictures()), strict=True):
            assert torch.equal(a, b)
    assert torch.equal(loaded.curv, encoder.curv)
    assert torch.equal(loaded.scale, encoder.scale)
    assert (loaded.image_size, loaded.settings) == (encoder.image_size, encoder.settings)


def test_saving_again_replaces_both_files_and_leaves_no_other(encoder: HyperbolicEncoder, saved: Path) -> None:
    save_checkpoint(saved, build_encoder(SMALL, seed=8), replace(CARD, curv=3.0))
    assert sorted(path.name for path in saved.parent.iterdir()) == ["one.json", "one.safetensors"]
    loaded, card = load_checkpoint(saved)
    assert card.curv == 3.0
    assert not torch.equal(loaded.head.weight, encoder.head.weight)


def test_saving_does_not_disturb_a_training(encoder: HyperbolicEncoder, tmp_path: Path) -> None:
    training = build_encoder(SMALL, seed=8).train()
    save_checkpoint(tmp_path / "deep/er/two", training, CARD)
    assert training.training
    assert (tmp_path / "deep/er/two.safetensors").is_file()
    assert training.head.weight.requires_grad


@pytest.mark.parametrize("name", ["one", "one.safetensors", "one.json", "clip-v1.2", "clip-v1.2.json", "v1.2.safetensors"])
def test_a_name_may_have_dots_and_either_suffix(encoder: HyperbolicEncoder, tmp_path: Path, name: str) -> None:
    path = save_checkpoint(tmp_path / name, encoder, CARD)
    stem = re.sub(r"\.(safetensors|json)$", "", name)
    assert sorted(each.name for each in tmp_path.iterdir()) == [f"{stem}.json", f"{stem}.safetensors"]
    assert path == weights_path(tmp_path / name) == find_checkpoint(tmp_path / name) == find_checkpoint(stem, folder=tmp_path)
    assert read_card(path) == CARD


def test_a_backbone_begun_with_published_weights_is_rebuilt_as_it_was_trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenAI's CLIP has another activation than the model of the same name, and other towers another standardisation."""
    vision = {"image_size": 32, "layers": 2, "width": 64, "patch_size": 16}
    published = {"hf_hub": "x/", "quick_gelu": True, "mean": (0.5, 0.4, 0.3), "std": (0.2, 0.2, 0.1)}
    monkeypatch.setattr(open_clip, "list_models", lambda: ["tiny"])
    monkeypatch.setattr(open_clip, "get_model_config", lambda name: {"embed_dim": 16, "vision_cfg": dict(vision)})
    monkeypatch.setattr(open_clip, "get_pretrained_cfg", lambda name, tag: dict(published) if tag == "openai" else {})
    source = build_encoder(EncoderSettings("open_clip:tiny", embed_dim=4), seed=5)
    save_file(
        {f"visual.{name}": tensor.contiguous() for name, tensor in source.backbone.state_dict().items()}, tmp_path / "hub.safetensors"
    )
    monkeypatch.setattr(open_clip, "download_pretrained", lambda cfg: tmp_path / "hub.safetensors")
    trained = build_encoder(EncoderSettings("open_clip:tiny", embed_dim=4), weights="hub:openai").eval()
    path = save_checkpoint(tmp_path / "clip", trained, Card("clip", trained.settings))
    monkeypatch.setattr(open_clip, "download_pretrained", None)  # loading needs no hub
    loaded, card = load_checkpoint(path)
    assert card.encoder.published == "openai"
    crops = torch.randint(0, 256, (3, 32, 32, 3), dtype=torch.uint8)
    with torch.no_grad():
        for a, b in zip(loaded(loaded.normalise(crops)), trained(trained.normalise(crops)), strict=True):
            assert torch.equal(a, b)


def test_a_timm_tag_brings_its_input_size_and_standardisation_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timm.models._builder, "load_pretrained", lambda *_, **__: None)  # "downloads" the random weights
    name, tag = "mobilenetv4_conv_small", "e3600_r256_in1k"
    trained = build_encoder(EncoderSettings(f"timm:{name}", embed_dim=4), weights=f"hub:{tag}")
    config = timm.get_pretrained_cfg(f"{name}.{tag}")
    assert config is not None
    loaded, _ = load_checkpoint(save_checkpoint(tmp_path / "mobile", trained, Card("mobile", trained.settings)))
    assert config.input_size[-1] != timm.get_pretrained_cfg(name).input_size[-1]  # type: ignore[union-attr]
    assert loaded.image_size == trained.image_size == config.input_size[-1]
    assert loaded.mean.flatten().tolist() == trained.mean.flatten().tolist() == pytest.approx(config.mean)


# --- weights that do not fit


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"head.weight": None}, r"1 weights are missing \(first 'head.weight'\) and 0 are unknown"),
        ({"tail.weight": torch.zeros(3)}, r"0 weights are missing and 1 are unknown \(first 'tail.weight'\)"),
        ({"head.weight": torch.zeros(9, 9)}, r"'head.weight' has shape \(9, 9\), the card's settings give \(4, "),
    ],
    ids=["missing", "unknown", "misshapen"],
)
def test_weights_that_do_not_fit_the_card_are_refused(saved: Path, change: dict[str, Tensor | None], message: str) -> None:
    tensors = load_file(saved) | change
    save_file({name: tensor for name, tensor in tensors.items() if tensor is not None}, saved)
    with pytest.raises(CheckpointError, match=rf"one\.safetensors do not fit their card: {message}"):
        load_checkpoint(saved)


def test_the_card_of_another_training_is_refused(saved: Path) -> None:
    rewrite(saved, encoder={"backbone": "demo", "embed_dim": 4})
    with pytest.raises(CheckpointError, match="The two files must come from one training"):
        load_checkpoint(saved)


@pytest.mark.parametrize("keep", [0, 5, 0.5, 0.99])
def test_a_damaged_weights_file_is_refused(saved: Path, keep: float) -> None:
    data = saved.read_bytes()
    saved.write_bytes(data[: int(keep * len(data)) if keep < 1 else int(keep)])
    with pytest.raises(CheckpointError, match=r"one\.safetensors is damaged"):
        load_checkpoint(saved)


# --- the card


def test_a_card_is_json_with_its_schema_first(saved: Path) -> None:
    content = json.loads(saved.with_suffix(".json").read_text("utf-8"))
    assert next(iter(content.items())) == ("schema", 1)
    assert content["encoder"]["embed_dim"] == 4
    assert "Größe ✓" in saved.with_suffix(".json").read_text("utf-8")


def test_a_missing_card_is_refused(saved: Path) -> None:
    saved.with_suffix(".json").unlink()
    with pytest.raises(CheckpointError, match=r"has no card: expected one\.json beside it"):
        read_card(saved)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"card"', '{"name": "x"}', b"\xff\xfe{}", '{"schema": "1"}'])
def test_a_file_that_is_no_card_is_refused(saved: Path, text: str | bytes) -> None:
    saved.with_suffix(".json").write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(CheckpointError, match=r"one\.json is no hypviz checkpoint card \("):
        read_card(saved)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"schema": 2}, r"has schema 2, this hypviz reads up to 1; update hypviz\.$"),
        ({"color": "red"}, r"Card has no setting 'color'; it knows name, encoder"),
        ({"encoder": {"embed_dims": 4}}, r"EncoderSettings has no setting 'embed_dims'"),
        ({"encoder": {"embed_dim": 0}}, r"embed_dim must be between 1 and 65536"),
        ({"encoder": 5}, r"EncoderSettings must be an object"),
        ({"encoder": None}, r"KeyError: 'encoder'"),
        ({"curv": "flat"}, r"curv must be of type float"),
        ({"name": None}, r"missing .*'name'"),
    ],
)
def test_a_card_with_something_wrong_in_it_says_what(saved: Path, keys: dict[str, Any], message: str) -> None:
    rewrite(saved, **keys)
    with pytest.raises(CheckpointError, match=message) as caught:
        read_card(saved)
    assert "one.json" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_reading_a_card_loads_neither_torch_nor_any_model_library(saved: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from hypviz.model.card import checkpoint_hash, find_checkpoint, read_card\n"
        "path = find_checkpoint(sys.argv[1]); print(read_card(path).curv, len(checkpoint_hash(path)))\n"
        "print([name for name in ('torch', 'safetensors', 'timm', 'open_clip', 'scipy') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(saved)], capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2]
    )
    assert done.stdout.splitlines() == ["0.7 16", "[]"], done.stderr


# --- finding


def test_a_name_that_is_not_there_is_refused_with_those_that_are(saved: Path, encoder: HyperbolicEncoder) -> None:
    save_checkpoint(saved.parent / "another", encoder, CARD)
    (saved.parent / "cardless.safetensors").touch()
    assert list_checkpoints(saved.parent) == ["another", "one"]
    with pytest.raises(CheckpointError, match=r"No checkpoint 'two': expected .*\(another, one\)\."):
        load_checkpoint("two", folder=saved.parent)


def test_an_empty_folder_has_none(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"No checkpoint 'one': .*\(none\)"):
        find_checkpoint("one", folder=tmp_path)


# --- the hash


def test_the_hash_follows_the_bytes_and_not_the_name(saved: Path, tmp_path: Path) -> None:
    before = checkpoint_hash(saved)
    copy = tmp_path / "copy.safetensors"
    copy.write_bytes(saved.read_bytes())
    assert checkpoint_hash(copy) == before
    data = bytearray(saved.read_bytes())
    data[-1] ^= 1  # of the same length
    saved.write_bytes(data)
    assert checkpoint_hash(saved) != before
