"""Files of hyper3-clip (Mahmood et al., 2026; hyper3labs): weights, with their config.yaml or config.json in the same folder.

Pictures and words are computed as in MERU: a projection, times exp α, laid on the hyperboloid of curvature −c. What differs: the
projections have an additive constant, c is clamped where it is used, the image tower may average its patches, and the text tower is
CLIP's own as transformers names it, with QuickGELU. Pooling conditioned on a query is for training; no embedding passes through it.

Weights do not tell three things: the epsilon of the image tower's LayerNorm, the text tower's activation and the start of c, from
which its clamp follows. The configuration says them; without one they are those of the authors' releases.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from hypviz.config import EncoderSettings
from hypviz.errors import CheckpointError, SettingsError
from hypviz.model.backbone import check_known
from hypviz.model.hyper3_config import curv_range, read_config
from hypviz.model.published_parts import Tensors, Translated, check_vocabulary, head_count, layer_count, one_number

LICENCE = "not stated in the file; HyperView's list of models has hyper3-clip-v1 under OpenMDW-1.0, and the code is MIT"
_IMAGE, _TEXT = "vision_encoder.backbone.", "text_encoder.backbone."
_SIGNS = (f"{_IMAGE}patch_embed.proj.weight", "image_proj.weight", "text_proj.weight", "log_curv", "visual_alpha", "textual_alpha")
_UNUSED = ("query_pooling.", "objective.")
_SCALES = ("global_logit_scale", "local_logit_scale", "global_local_logit_scale", "logit_scale")
_ACTIVATIONS = {"quick_gelu": "clip", "gelu": "clip-gelu"}
"""Text towers of `model.text` by the activation's name in transformers."""


def is_hyper3(tensors: Mapping[str, Tensor]) -> bool:
    """Whether these are the weights of a hyper3-clip model with both towers."""
    return all(name in tensors for name in _SIGNS)


def from_hyper3(tensors: Mapping[str, Tensor], source: Path) -> Translated:
    """A hyper3-clip model as an encoder of ours; CheckpointError for a configuration or sizes that are not read here."""
    config = read_config(source.parent)
    low, high = curv_range(config, source.parent)
    curv = math.exp(min(max(one_number(tensors, "log_curv", source), math.log(low)), math.log(high)))
    scale = next((tensors[name] for name in ("global_logit_scale", "logit_scale") if name in tensors), torch.zeros(()))
    for name in ("visual_alpha", "textual_alpha"):
        one_number(tensors, name, source)
    weights: Tensors = {"log_curv": torch.tensor(math.log(curv)), "log_alpha": tensors["visual_alpha"], "log_scale": scale}
    weights |= {"text.log_alpha": tensors["textual_alpha"]}
    for name, tensor in tensors.items():
        if name.startswith(_IMAGE):
            weights[f"backbone.{name.removeprefix(_IMAGE)}"] = tensor
        elif name.startswith("image_proj."):
            weights[f"head.{name.removeprefix('image_proj.')}"] = tensor
        elif name.startswith("text_proj."):
            weights[f"text.tower.text_projection.{name.removeprefix('text_proj.')}"] = tensor
        elif not name.startswith((*_UNUSED, _TEXT)) and name not in (*_SCALES, *_SIGNS):
            weights[name] = tensor  # unknown, and said to be so when it is put into the encoder
    weights |= _text_weights(tensors, source)
    description = "A hyper3-clip model: words lie nearer the root than the pictures they fit. Its ω is not calibrated."
    if not config:
        description += " It has no config.yaml or config.json beside it, so LayerNorm, activation and clamp are taken as in its releases."
    about = {"curv": curv, "licence": LICENCE, "description": description}
    return _settings(tensors, config, source, curv), weights, about


def _text_parts(tensors: Mapping[str, Tensor]) -> Tensors:
    """The text tower's weights without what stands before their names; transformers 5 left the second half of that out."""
    return {name.removeprefix(_TEXT).removeprefix("text_model."): tensor for name, tensor in tensors.items() if name.startswith(_TEXT)}


def _text_weights(tensors: Mapping[str, Tensor], source: Path) -> Tensors:
    """The weights of CLIP's text tower, as transformers names them, under OpenCLIP's names."""
    plain = _text_parts(tensors)
    weights: Tensors = {}
    for name, tensor in plain.items():
        layer, _, part = name.removeprefix("encoder.layers.").partition(".")
        if name.startswith("embeddings."):
            renamed = {"token_embedding.weight": "token_embedding.weight", "position_embedding.weight": "positional_embedding"}
            if part_name := renamed.get(name.removeprefix("embeddings.")):
                weights[f"text.tower.{part_name}"] = tensor
        elif name.startswith("final_layer_norm."):
            weights[f"text.tower.ln_final.{name.removeprefix('final_layer_norm.')}"] = tensor
        elif not name.startswith("encoder.layers."):
            weights[name] = tensor
        elif not part.startswith("self_attn."):
            for old, new in (("layer_norm", "ln_"), ("mlp.fc1", "mlp.c_fc"), ("mlp.fc2", "mlp.c_proj")):
                part = part.replace(old, new)
            weights[f"text.tower.transformer.resblocks.{layer}.{part}"] = tensor
    for index in range(layer_count(plain, "encoder.layers.")):
        attention, block = f"encoder.layers.{index}.self_attn.", f"text.tower.transformer.resblocks.{index}.attn."
        for kind in ("weight", "bias"):
            parts = [plain.get(f"{attention}{letter}_proj.{kind}") for letter in ("q", "k", "v", "out")]
            present = [part for part in parts if part is not None]
            if len(present) < 4 or len({part.shape for part in present}) > 1:
                raise CheckpointError(f"{source} has no complete attention in layer {index} of its text tower; expected CLIP's.")
            weights[f"{block}in_proj_{kind}"], weights[f"{block}out_proj.{kind}"] = torch.cat(present[:3]), present[3]
    return weights


def _settings(tensors: Mapping[str, Tensor], config: Mapping[str, Any], source: Path, curv: float) -> EncoderSettings:
    patch = tensors[f"{_IMAGE}patch_embed.proj.weight"]  # (width, 3, patch, patch)
    if f"{_IMAGE}cls_token" not in tensors or f"{_IMAGE}pos_embed" not in tensors:
        raise CheckpointError(f"{source} has a ViT without a class token; expected hyper3-clip's, which has one.")
    grid, width, side = math.isqrt(tensors[f"{_IMAGE}pos_embed"].shape[1] - 1), int(patch.shape[0]), int(patch.shape[2])
    mean = f"{_IMAGE}fc_norm.weight" in tensors
    exact = config.get("vision_norm_layer") == "layer_norm" if config else not mean
    heads = vit_heads(str(config["vision_backbone"]), source) if config else head_count(width)
    shape = f"L{layer_count(tensors, f'{_IMAGE}blocks.')}_W{width}_A{heads}_P{side}"
    return EncoderSettings(
        backbone=f"meru:{shape}" if exact and not mean else f"vit:{'mean' if mean else 'token'}_{shape}_E{5 if exact else 6}",
        embed_dim=int(tensors["image_proj.weight"].shape[0]),
        curv_init=curv,
        image_size=grid * side,
        text=_text_tower(tensors, config, source),
        head_bias="image_proj.bias" in tensors,
    )


def _text_tower(tensors: Mapping[str, Tensor], config: Mapping[str, Any], source: Path) -> str:
    """The name of the text tower; CheckpointError where its activation is not known."""
    parts = _text_parts(tensors)
    embedding, positions = (parts.get(f"embeddings.{name}_embedding.weight") for name in ("token", "position"))
    if embedding is None or positions is None:
        raise CheckpointError(f"{source} has a text tower that is not CLIP's; expected hyper3-clip's, as transformers names it.")
    check_vocabulary(embedding, source)
    text = config.get("text_config")
    named = str(config.get("text_model_name", "openai/clip-vit-base-patch32"))
    if not isinstance(text, dict):
        if not named.startswith("openai/clip-vit-"):
            raise CheckpointError(
                f"{source.parent} names the text tower {named!r:.60}, whose activation is not known here; expected openai/clip-vit-…, or "
                "its text_config in config.json."
            )
        text = {}
    activation, epsilon = str(text.get("hidden_act", "quick_gelu")), str(text.get("layer_norm_eps", "1e-05"))
    if activation not in _ACTIVATIONS or epsilon not in ("1e-05", "1e-5", "0.00001"):
        raise CheckpointError(
            f"{source.parent} has a text tower with {activation!r:.40} and LayerNorm's epsilon {epsilon!r:.20}, which is not read here; "
            "expected quick_gelu or gelu, and 1e-05."
        )
    width = int(embedding.shape[1])
    heads = str(text.get("num_attention_heads", head_count(width)))
    return f"{_ACTIVATIONS[activation]}:L{layer_count(parts, 'encoder.layers.')}_W{width}_A{heads}_C{positions.shape[0]}"


@lru_cache(maxsize=16)
def vit_heads(name: str, source: Path) -> int:
    """Attention heads of timm's ViT of this name; CheckpointError for any other model. No weights are made."""
    import timm

    try:
        check_known(f"timm:{name}")
        with torch.device("meta"):
            model = timm.create_model(name, num_classes=0)
        heads = model.blocks[0].attn.num_heads
    except (SettingsError, AttributeError, TypeError) as error:
        raise CheckpointError(
            f"{source.parent} names the image tower {name!r:.60}; expected a ViT of timm's, as vit_base_patch16_224."
        ) from error
    return int(heads)
