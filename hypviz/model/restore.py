"""Put the weights of a checkpoint's file into an encoder that was built by its card."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from torch import nn

from hypviz.errors import CheckpointError
from hypviz.model.published import is_published, translate
from hypviz.model.weights import read_weights

Module = TypeVar("Module", bound=nn.Module)


def restore(encoder: Module, path: Path) -> Module:
    """The encoder with all weights of the file; CheckpointError when they are not exactly those that it has."""
    tensors = read_weights(path)
    if is_published(tensors):
        tensors = translate(tensors, source=path)[1]
    expected = encoder.state_dict()
    missing, unknown = sorted(set(expected) - set(tensors)), sorted(set(tensors) - set(expected))
    if missing or unknown:
        raise CheckpointError(
            f"Weights {path} do not fit their card: {len(missing)} weights are missing"
            f"{f' (first {missing[0]!r})' if missing else ''} and {len(unknown)} are unknown"
            f"{f' (first {unknown[0]!r})' if unknown else ''}. The two files must come from one training."
        )
    for key, tensor in tensors.items():
        if tensor.shape != expected[key].shape:
            raise CheckpointError(
                f"Weights {path} do not fit their card: {key!r} has shape {tuple(tensor.shape)}, "
                f"the card's settings give {tuple(expected[key].shape)}."
            )
    encoder.load_state_dict(tensors)
    return encoder
