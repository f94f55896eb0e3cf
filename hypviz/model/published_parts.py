"""What the readers of published files share: what they return, and sizes and numbers that are read off weights."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from hypviz.config import EncoderSettings
from hypviz.errors import CheckpointError
from hypviz.model.text import VOCABULARY

Tensors = dict[str, Tensor]
Translated = tuple[EncoderSettings, Tensors, dict[str, Any]]
"""Settings of the encoder, its weights under our names, and what a card says besides."""
HEAD_CHANNELS = 64
"""Channels of one attention head in nearly all transformers."""


def head_count(width: int) -> int:
    """Attention heads of a transformer of this width where nothing else is known: one per 64 channels, at least one."""
    return max(width // HEAD_CHANNELS, 1)


def layer_count(tensors: Mapping[str, Tensor], start: str) -> int:
    """How many layers have weights whose names begin with `start` and a number."""
    return len({name.removeprefix(start).partition(".")[0] for name in tensors if name.startswith(start)})


def colour(tensors: Mapping[str, Tensor], name: str) -> tuple[float, ...]:
    """Red, green and blue of a tensor; () where there is none."""
    return tuple(round(float(value), 7) for value in tensors[name].flatten()) if name in tensors else ()


def one_number(tensors: Mapping[str, Tensor], name: str, source: Path) -> float:
    """The single finite number of a tensor; CheckpointError for any other content."""
    if tensors[name].numel() != 1 or not bool(torch.isfinite(tensors[name]).all()):
        raise CheckpointError(f"{source} has {name} of shape {tuple(tensors[name].shape)}; expected one finite number.")
    return float(tensors[name])


def check_vocabulary(embedding: Tensor, source: Path) -> None:
    """CheckpointError unless a text tower's embedding (tokens, width) has the tokens of CLIP's byte-pair encoding."""
    if len(embedding) != VOCABULARY:
        raise CheckpointError(
            f"{source} has a vocabulary of {len(embedding)} tokens; expected the {VOCABULARY} of CLIP's byte-pair encoding."
        )
