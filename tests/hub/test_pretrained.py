"""A checkpoint in a folder of its own: what is written is what is read, to the last bit, and README.md says what it is."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from safetensors import safe_open

from hypviz.errors import CheckpointError
from hypviz.inference.embed import encode
from hypviz.model.card import checkpoint_hash, find_checkpoint, read_card
from hypviz.model.checkpoint import load_checkpoint
from hypviz.model.encoder import HyperbolicEncoder
from hypviz.model.repository import model_readme
from tests.hub.local_hub import LocalHub
from tests.worlds import MeruWorld, TinyWorld


def embeddings(encoder: HyperbolicEncoder) -> list[np.ndarray]:
    size = encoder.image_size
    crops = np.random.default_rng(0).integers(0, 256, (5, size, size, 3), dtype=np.uint8)
    return list(encode(encoder, crops))


@pytest.mark.parametrize("kind", ["trained here", "published"])
def test_a_round_trip_gives_the_same_embeddings_to_the_last_bit(
    kind: str, tiny_world: TinyWorld, meru_world: MeruWorld, tmp_path: Path
) -> None:
    source = tiny_world.checkpoint if kind == "trained here" else meru_world.checkpoint
    encoder, card = load_checkpoint(source)
    written = encoder.save_pretrained(tmp_path / "cones")
    again = HyperbolicEncoder.from_pretrained(tmp_path / "cones")
    assert all(np.array_equal(a, b) for a, b in zip(embeddings(encoder), embeddings(again), strict=True))
    assert again.card == card == read_card(written) and not again.training and torch.equal(again.curv, encoder.curv)
    assert sorted(path.name for path in (tmp_path / "cones").iterdir()) == ["README.md", "config.json", "model.safetensors"]
    if again.text is not None:
        assert all(torch.equal(a, b) for a, b in zip(encoder.encode_texts(["a tree"]), again.encode_texts(["a tree"]), strict=True))


def test_the_folder_its_weights_file_and_a_name_are_all_understood(tiny_world: TinyWorld, tmp_path: Path) -> None:
    weights = HyperbolicEncoder.from_pretrained(tiny_world.checkpoint).save_pretrained(tmp_path / "cones")
    assert find_checkpoint(tmp_path / "cones") == find_checkpoint(weights) == weights
    assert checkpoint_hash(weights) == checkpoint_hash(find_checkpoint(tmp_path / "cones"))
    assert HyperbolicEncoder.from_pretrained("demo").card == read_card(find_checkpoint("demo"))


def test_an_encoder_that_was_never_saved_gets_a_card_of_its_settings(tmp_path: Path) -> None:
    from hypviz.config import EncoderSettings
    from hypviz.model.encoder import build_encoder

    encoder = build_encoder(EncoderSettings(embed_dim=6, curv_init=0.7), seed=3).eval()
    encoder.save_pretrained(tmp_path / "fresh")
    again = HyperbolicEncoder.from_pretrained(tmp_path / "fresh")
    assert again.card is not None and again.card.name == "fresh" and again.card.curv == pytest.approx(0.7)
    assert all(np.array_equal(a, b) for a, b in zip(embeddings(encoder), embeddings(again), strict=True))


def test_the_weights_file_says_what_it_is(tiny_world: TinyWorld, tmp_path: Path) -> None:
    weights = HyperbolicEncoder.from_pretrained(tiny_world.checkpoint).save_pretrained(tmp_path)
    with safe_open(weights, "pt") as file:
        said = json.loads(file.metadata()["hypviz"])
    assert (said["name"], said["licence"], said["encoder"]["embed_dim"]) == ("tiny", "CC0-1.0", 16)
    assert said["curv"] == read_card(weights).curv


def test_writing_twice_gives_the_same_bytes(tiny_world: TinyWorld, tmp_path: Path) -> None:
    encoder = HyperbolicEncoder.from_pretrained(tiny_world.checkpoint)
    for name in ("cones", "a/cones", "b/cones"):
        encoder.save_pretrained(tmp_path / name)
    for file in ("model.safetensors", "config.json", "README.md"):
        assert len({(tmp_path / name / file).read_bytes() for name in ("cones", "a/cones", "b/cones")}) == 1


def test_the_readme_states_licence_task_library_and_figures_beside_chance(tiny_world: TinyWorld) -> None:
    metrics = {"validation": {"object → parts mAP": 0.8604, "mean direction": 0.0925}, "chance": {"object → parts mAP": 0.0861}}
    card = replace(read_card(tiny_world.checkpoint), metrics=metrics)
    text = model_readme(card, "hf://ada/cones").decode()
    _, header, body = text.split("---\n", 2)
    said = yaml.safe_load(header)
    assert (said["license"], said["library_name"], said["pipeline_tag"]) == ("cc0-1.0", "hypviz", "image-feature-extraction")
    assert "hyperbolic" in said["tags"]
    (result,) = said["model-index"][0]["results"]
    assert {one["name"]: one["value"] for one in result["metrics"]} == metrics["validation"]
    assert "| object → parts mAP | 0.8604 | 0.0861 |" in body and "| mean direction | 0.0925 |  |" in body
    assert 'from_pretrained("hf://ada/cones")' in body and "Never trained." in body
    without = model_readme(replace(card, metrics={}, licence="Of our house"), "x").decode()
    assert "Figures" not in without and "model-index" not in without and "license_name: Of our house" in without


def test_a_damaged_config_and_foreign_files_are_refused_in_a_sentence(tiny_world: TinyWorld, tmp_path: Path) -> None:
    HyperbolicEncoder.from_pretrained(tiny_world.checkpoint).save_pretrained(tmp_path / "cones")
    (tmp_path / "cones" / "config.json").write_text('{"model_type": "clip"}')
    with pytest.raises(CheckpointError, match=r"config\.json is no hypviz checkpoint card"):
        HyperbolicEncoder.from_pretrained(tmp_path / "cones")
    with pytest.raises(CheckpointError, match="No checkpoint"):
        HyperbolicEncoder.from_pretrained(tmp_path / "nothing")


def test_a_revision_belongs_to_an_address_alone_and_no_other_name_asks_a_hub(hub: LocalHub, tmp_path: Path) -> None:
    for name, revision, sentence in (
        (tmp_path, "v1", "is no model on a hub|has no revisions"),
        ("hf://ada/cones@v1", "v2", "another one"),
        ("hf://ada", None, "is no model on a hub"),
        ("ada/cones", None, "No checkpoint"),
        ("hf://datasets/ada/streets", None, "is no model on a hub"),
        ("hf://ada/../cones", None, "is no model on a hub"),
    ):
        with pytest.raises(CheckpointError, match=sentence):
            HyperbolicEncoder.from_pretrained(name, revision=revision)
    assert hub.requests == []
