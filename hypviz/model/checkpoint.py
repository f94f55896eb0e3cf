"""Checkpoints: weights as NAME.safetensors, everything else as NAME.json (see `card.py`)."""

from __future__ import annotations

from pathlib import Path

from safetensors.torch import save_file

from hypviz.model.backbone import RANDOM
from hypviz.model.card import Card, card_writer, find_checkpoint, read_card, weights_path
from hypviz.model.encoder import HyperbolicEncoder, build_encoder
from hypviz.model.restore import restore
from hypviz.storage.files import write_files


def save_checkpoint(path: Path, encoder: HyperbolicEncoder, card: Card) -> Path:
    """Write NAME.safetensors and NAME.json for `path` (with or without suffix), both or neither; returns the weights file."""
    weights = weights_path(path)
    weights.parent.mkdir(parents=True, exist_ok=True)
    tensors = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in encoder.state_dict().items()}
    write_files({weights: lambda part: save_file(tensors, part), weights.with_suffix(".json"): card_writer(card)})
    return weights


def load_checkpoint(name: str | Path, *, folder: Path | None = None) -> tuple[HyperbolicEncoder, Card]:
    """The encoder, in eval mode on the CPU, and its card.

    Raises CheckpointError when a file is missing or damaged, or when the weights do not fit the card's settings.
    """
    path = find_checkpoint(name, folder=folder)
    card = read_card(path)
    encoder = restore(build_encoder(card.encoder, weights=RANDOM), path)  # the file holds all weights
    encoder.card = card
    return encoder.eval(), card
