"""OpenCLIP's state dicts, with both towers: sizes are read off the weights and looked up among OpenCLIP's models."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from hypviz.config import EncoderSettings
from hypviz.errors import CheckpointError
from hypviz.model.published_parts import Translated, layer_count
from hypviz.model.text import VOCABULARY

_SIGNS = ("visual.conv1.weight", "visual.proj", "token_embedding.weight", "text_projection", "positional_embedding")


def is_open_clip(tensors: Mapping[str, Tensor]) -> bool:
    """Whether these are the weights of an OpenCLIP model with both towers."""
    return all(name in tensors for name in _SIGNS)


def from_open_clip(tensors: Mapping[str, Tensor], source: Path) -> Translated:
    """An OpenCLIP model as an encoder of ours; CheckpointError where OpenCLIP has none of these sizes."""
    name = _open_clip_name(tensors, source)
    embed_dim = int(tensors["text_projection"].shape[1])
    weights = {
        "log_alpha": torch.zeros(()), "log_curv": torch.zeros(()), "text.log_alpha": torch.zeros(()),
        "log_scale": tensors.get("logit_scale", torch.zeros(())), "head.weight": torch.eye(embed_dim),
    }  # fmt: skip
    for key, tensor in tensors.items():
        if key.startswith("visual."):
            weights[f"backbone.{key.removeprefix('visual.')}"] = tensor.float()
        elif key not in ("logit_scale", "logit_bias", "attn_mask", "input_resolution", "context_length", "vocab_size"):
            weights[f"text.tower.{key}"] = tensor.float()
    settings = EncoderSettings(backbone=f"open_clip:{name}", embed_dim=embed_dim, geometry="cosine", text="open_clip")
    about = {
        "licence": "not stated in the file; see where it was published",
        "description": f"A plain CLIP, read as OpenCLIP's {name}: pictures and words compared by cosine; radii mean nothing.",
    }
    return settings, weights, about


def _open_clip_name(tensors: Mapping[str, Tensor], source: Path) -> str:
    """OpenCLIP's name for these sizes. QuickGELU leaves no trace in weights: it is taken when the file's name says so."""
    import open_clip

    conv, positions = tensors["visual.conv1.weight"], tensors["visual.positional_embedding"]
    side = int(conv.shape[2])
    vision = {"width": conv.shape[0], "patch_size": side, "image_size": math.isqrt(len(positions) - 1) * side}
    vision["layers"] = layer_count(tensors, "visual.transformer.resblocks.")
    text = {"width": tensors["ln_final.weight"].shape[0], "layers": layer_count(tensors, "transformer.resblocks.")}
    text |= {"context_length": len(tensors["positional_embedding"]), "vocab_size": len(tensors["token_embedding.weight"])}
    quick = any(word in source.name.lower() for word in ("quickgelu", "openai"))
    for name in open_clip.list_models():
        config = open_clip.get_model_config(name) or {}
        same = config.get("embed_dim") == tensors["text_projection"].shape[1] and bool(config.get("quick_gelu")) == quick
        if same and _fits(config.get("vision_cfg"), vision) and _fits(config.get("text_cfg"), text):
            return str(name)
    raise CheckpointError(
        f"{source} looks like a CLIP, but no OpenCLIP model has its sizes (image tower {vision}, text tower {text}"
        f"{', QuickGELU by its name' if quick else ''}); expected one of open_clip.list_models()."
    )


def _fits(config: Mapping[str, Any] | None, sizes: Mapping[str, int]) -> bool:
    defaults = {"context_length": 77, "vocab_size": VOCABULARY}
    return config is not None and all(config.get(name, defaults.get(name)) == value for name, value in sizes.items())
