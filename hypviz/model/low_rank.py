"""Low-rank adaptation (LoRA, Hu et al., ICLR 2022) put back into the weights that it adapts: W + s·B·A, and nothing else changes.

A file of PEFT's keeps a tower under `base_model.model.`, an adapted layer as `base_layer.weight`, `lora_A.NAME.weight` (r, in) and
`lora_B.NAME.weight` (out, r). The scale s is not in the weights. It is α/r, or α/√r where PEFT was told to stabilise the rank
(rsLoRA, Kalajdzievski, 2023); dropout is for training alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import torch
from torch import Tensor

from hypviz.errors import CheckpointError

_WRAPPER = ".base_model.model."
_LOW_RANK = re.compile(r"(?P<layer>.+)\.lora_(?P<side>[AB])\.(?P<adapter>[^.]+)\.weight")

_OTHER_KINDS = (".lora_", ".ia3_", ".default", ".modules_to_save.", ".original_module.", ".prompt_encoder.")
"""In the names of what else PEFT adapts by, or keeps beside an adaptation."""
WAY_OUT = "Merge it with PEFT's merge_and_unload and save the state dict of the result."
"""What a person can do whose file is not read."""


def is_wrapped(names: Iterable[str]) -> bool:
    """Whether some tensors are named as PEFT names those of a model that it has wrapped."""
    return any(_WRAPPER in name for name in names)


def has_low_rank(names: Iterable[str]) -> bool:
    """Whether some tensors are a side of a low-rank adaptation."""
    return any(_LOW_RANK.fullmatch(name) for name in names)


def plain_name(name: str) -> str:
    """The name of a tensor before PEFT wrapped its model.

    >>> plain_name("visual.base_model.model.blocks.8.attn.q_proj.base_layer.weight")
    'visual.blocks.8.attn.q_proj.weight'
    """
    return name.replace(_WRAPPER, ".", 1).replace(".base_layer.", ".")


def without_low_rank(tensors: Mapping[str, Tensor], scale: Callable[[int], float], *, source: Path) -> dict[str, Tensor]:
    """All tensors under their plain names, each adapted weight as W + scale(r)·B·A, summed in float64 and rounded once to W's dtype.

    Raises CheckpointError where a pair is incomplete, two adapters share a layer, shapes do not fit, or the file holds another
    kind of adaptation than LoRA of linear layers.
    """
    plain = {plain_name(name): tensor for name, tensor in tensors.items() if not _LOW_RANK.fullmatch(name)}
    for layer, sides in _pairs(tensors, source).items():
        name = f"{layer}.weight"
        first, second = sides["A"], sides["B"]
        weight = plain.get(name)
        if weight is None or first.ndim != 2 or second.ndim != 2 or weight.shape != (len(second), first.shape[1]):
            raise CheckpointError(
                f"{source} adapts {layer!r} by B {tuple(second.shape)} and A {tuple(first.shape)}, which do not fit its weight of shape "
                f"{None if weight is None else tuple(weight.shape)}; expected (out, r), (r, in) and (out, in)."
            )
        if second.shape[1] != len(first):
            raise CheckpointError(
                f"{source} adapts {layer!r} by B of rank {second.shape[1]} and A of rank {len(first)}; expected one rank."
            )
        plain[name] = (weight.double() + scale(len(first)) * (second.double() @ first.double())).to(weight.dtype)
    return plain


def _pairs(tensors: Mapping[str, Tensor], source: Path) -> dict[str, dict[str, Tensor]]:
    """A and B by the plain name of the layer that they adapt."""
    pairs: dict[str, dict[str, Tensor]] = {}
    adapters: set[str] = set()
    for name, tensor in tensors.items():
        if match := _LOW_RANK.fullmatch(name):
            pairs.setdefault(plain_name(match["layer"]), {})[match["side"]] = tensor
            adapters.add(match["adapter"])
        elif any(sign in name for sign in _OTHER_KINDS):
            raise CheckpointError(f"{source} holds {name!r}: of PEFT's adaptations, LoRA of linear layers alone is read. {WAY_OUT}")
    if len(adapters) > 1:
        raise CheckpointError(f"{source} holds {len(adapters)} adapters ({', '.join(sorted(adapters))}), where one was expected. {WAY_OUT}")
    for layer, sides in pairs.items():
        if len(sides) < 2:
            raise CheckpointError(f"{source} adapts {layer!r} by {''.join(sides)} alone; LoRA needs A and B.")
        if not all(bool(torch.isfinite(side).all()) for side in sides.values()):
            raise CheckpointError(f"{source} adapts {layer!r} by numbers that are not finite.")
    return pairs
