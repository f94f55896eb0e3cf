"""Low-rank adapters beside the layers of a tower while it learns (LoRA: Hu et al., ICLR 2022), merged into its weights afterwards.

A layer with weights W learns B·A of a small rank in the place of a change to all of W. What is merged is the same network as before
with other weights, so a checkpoint knows nothing of adapters, and opens without the package that made them.
"""

from __future__ import annotations

import copy
import importlib.util
import re

import torch
from torch import nn

from hypviz.errors import SettingsError
from hypviz.model.blocks import last_parts
from hypviz.model.demo import Convolution
from hypviz.model.encoder import HyperbolicEncoder

LAYERS: tuple[type[nn.Module], ...] = (nn.Linear, nn.Conv2d, Convolution)
"""Layers, by their very type, that are W·x + b and nothing else: some that inherit from these change the weights before each use or pad the
input, so that a product beside them could not be merged."""


def check_peft() -> None:
    """SettingsError where the package that adapters are made by is not installed."""
    if importlib.util.find_spec("peft") is None:
        raise SettingsError('Adapters (the depth lora) need the package peft: pip install "hypviz[lora]", or choose another depth.')


def add_adapters(tower: nn.Module, *, rank: int, blocks: int, seed: int) -> None:
    """Put adapters beside the layers of the last `blocks` blocks and of what comes after them, in place; all else of the tower is frozen.

    rank: ≥ 1, of each product B·A; B begins at 0, so that the tower is the same function at first, and A is drawn by `seed`. blocks: 0 for
    all. SettingsError without the package peft, or where there is no layer that can have one.
    """
    check_peft()
    import peft

    names = adapted_layers(tower, blocks)
    if not names:
        raise SettingsError(
            "No layer that learns here is a plain convolution or linear layer, so none can have an adapter; choose another depth."
        )
    config = peft.LoraConfig(r=rank, lora_alpha=rank, target_modules="|".join(map(re.escape, names)))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        peft.inject_adapter_in_model(config, tower)


def adapted_layers(tower: nn.Module, blocks: int) -> list[str]:
    """Names of the layers that `add_adapters` puts adapters beside."""
    parts = {id(module) for part in last_parts(tower, blocks) for module in part.modules()}
    # its forward reads the weights of the layers inside and never calls them
    inside = {id(module) for each in tower.modules() if isinstance(each, nn.MultiheadAttention) for module in each.modules()}
    return [
        name
        for name, module in tower.named_modules()
        if type(module) in LAYERS and id(module) in parts - inside and getattr(module, "groups", 1) == 1
    ]


def without_adapters(encoder: HyperbolicEncoder) -> HyperbolicEncoder:
    """A copy in eval mode with its adapters merged into the weights; the encoder itself where it has none."""
    if not has_adapters(encoder):
        return encoder
    plain = copy.deepcopy(encoder).eval()
    _merge(plain)
    return plain


def has_adapters(encoder: nn.Module) -> bool:
    """Whether any layer has an adapter beside it."""
    return any(name.endswith(".lora_A") for name, _ in encoder.named_modules())


def _merge(module: nn.Module) -> None:
    from peft.tuners.tuners_utils import BaseTunerLayer

    for name, child in list(module.named_children()):
        if isinstance(child, BaseTunerLayer):
            child.merge()
            setattr(module, name, child.get_base_layer())
        else:
            _merge(child)
