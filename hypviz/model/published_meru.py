"""Files in MERU's format: MERU, HyCoCLIP, UNCHA, HAC, and MERU's CLIP baseline.

MERU (Desai et al., ICML 2023) and HyCoCLIP (Pal et al., ICLR 2025) share one format: a timm ViT, a CLIP-like text tower, a
linear projection each, two scales α and the logarithm of the curvature parameter. Their CLIP baselines lack α and curvature.
All sizes are read off the weights. Only the number of attention heads leaves no trace in them: it is the released models'
for the released widths (12 at width 384, as in MoCo v3), a head per 64 channels otherwise.

UNCHA (Kim et al., CVPR 2026) computes pictures and words as MERU does. Its files have three temperatures in place of one, and may
hold a head for a cone's radius that no embedding passes through. HAC (Dibitonto et al., ICPR 2026) has q, k and v as
layers of their own, the last of them adapted by LoRA.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from hypviz.config import EncoderSettings
from hypviz.errors import CheckpointError
from hypviz.model.low_rank import WAY_OUT, has_low_rank, is_wrapped, plain_name, without_low_rank
from hypviz.model.published_parts import Tensors, Translated, check_vocabulary, colour, head_count, layer_count, one_number

HEADS = {192: 3, 384: 12, 768: 12, 1024: 16, 1280: 16}
"""Attention heads of the image towers by width."""
_CC = "CC-BY-NC-4.0 (no commercial use)"
MERU_LICENCE = f"{_CC}, as MERU and HyCoCLIP are released"
UNCHA_LICENCE = f"not stated by UNCHA's authors; it builds on MERU's code, {_CC}"
HAC_LICENCE = f"not stated by HAC's authors; it builds on HyCoCLIP's weights and MERU's code, {_CC}"
CURV = (0.01, 100.0)
"""MERU clamps c to c₀/10 … 10 c₀ around its start c₀, which no file states; this is that range for c₀ from 0.1 to 10."""
HAC_RANK = HAC_ALPHA = 128
"""Of HAC's published recipe (configs/train_hac_vit_b_lora.py), which is rank-stabilised: the scale is α/√r. No file states α."""
MAX_LOG = 100.0
"""Of a curvature, so that a damaged file's can be printed."""
_OTHER_ADAPTATIONS = ("learnable_tokens", "adapter")
_SIGNS = ("visual.patch_embed.proj.weight", "visual_proj.weight", "textual.token_embed.weight", "textual_proj.weight")
_UNCHA = ("global_logit_scale", "local_logit_scale", "global_local_logit_scale")
_UNUSED = ("textual.attn_mask", "textual.min_radius_head.", "visual.min_radius_head.")
_TEXT_NAMES = (("token_embed.", "token_embedding."), ("posit_embed", "positional_embedding"), ("resblocks.", "transformer.resblocks."))


def is_meru(tensors: Mapping[str, Tensor]) -> bool:
    """Whether these are the weights of a model in MERU's format, with both towers."""
    names = set(map(plain_name, tensors)) if is_wrapped(tensors) else tensors
    return all(name in names for name in _SIGNS)


def from_meru(tensors: Mapping[str, Tensor], source: Path) -> Translated:
    """A model in MERU's format as an encoder of ours; CheckpointError for sizes, numbers or an adaptation that are not its."""
    adapted = has_low_rank(tensors)
    if is_wrapped(tensors):
        tensors = without_low_rank(tensors, _hac_scale(source), source=source)
    if strange := next((name for name in tensors if any(part in name for part in _OTHER_ADAPTATIONS)), ""):
        raise CheckpointError(f"{source} holds {strange!r}: of HAC's variants, LoRA and no adaptation are read, as the released one needs.")
    if is_hac := any(name.endswith(".attn.q_proj.weight") for name in tensors):
        tensors = _joined(tensors, source)
    hyperbolic = "curv" in tensors
    curv = math.exp(min(one_number(tensors, "curv", source), MAX_LOG)) if hyperbolic else 1.0
    if not CURV[0] <= curv <= CURV[1]:
        raise CheckpointError(
            f"{source} has the curvature −{curv:g}; expected −{CURV[1]:g} to −{CURV[0]:g}, a tenth to ten times a start of −10 to −0.1."
        )
    zero = torch.zeros(())
    is_uncha = all(name in tensors for name in _UNCHA)
    weights = {
        "log_alpha": tensors.get("visual_alpha", zero),
        "log_curv": torch.tensor(math.log(curv)),
        "log_scale": tensors[_UNCHA[0]] if is_uncha else tensors.get("logit_scale", zero),
        "head.weight": tensors["visual_proj.weight"],
        "text.log_alpha": tensors.get("textual_alpha", zero),
        "text.tower.text_projection": tensors["textual_proj.weight"].mT.contiguous(),
    }
    for name, tensor in tensors.items():
        if name.startswith("visual.") and not name.startswith(_UNUSED):
            weights[f"backbone.{name.removeprefix('visual.')}"] = tensor
        elif name.startswith("textual.") and not name.startswith(_UNUSED):
            weights[f"text.tower.{_text_name(name.removeprefix('textual.'))}"] = tensor
    about = _about("HAC" if is_hac else "UNCHA" if is_uncha else "MERU", hyperbolic, adapted)
    return _settings(tensors, source, curv, hyperbolic), weights, {"curv": curv, **about}


def _hac_scale(source: Path) -> Callable[[int], float]:
    def scale(rank: int) -> float:
        if rank != HAC_RANK:
            raise CheckpointError(
                f"{source} is adapted by LoRA of rank {rank}, whose scale no file states; expected HAC's published rank {HAC_RANK}, whose "
                f"scale is {HAC_ALPHA}/√{HAC_RANK}. {WAY_OUT}"
            )
        return HAC_ALPHA / math.sqrt(rank)

    return scale


def _joined(tensors: Mapping[str, Tensor], source: Path) -> Tensors:
    """The tensors with q, k and v of each attention as one layer, under MERU's names of it."""
    joined = dict(tensors)
    for name in tensors:
        if not name.endswith(".attn.q_proj.weight"):
            continue
        attention = name.removesuffix("q_proj.weight")
        qkv, out = ("in_proj_", "out_proj.") if name.startswith("textual.") else ("qkv.", "proj.")
        for kind in ("weight", "bias"):
            parts = [joined.pop(f"{attention}{letter}_proj.{kind}", None) for letter in "qkv"]
            last = joined.pop(f"{attention}proj.{kind}", None)
            if last is None or any(part is None or part.ndim != last.ndim or part.shape != last.shape for part in parts):
                raise CheckpointError(
                    f"{source} has an attention {attention.rstrip('.')!r} without one {kind} of the same shape for each of q_proj, k_proj, "
                    "v_proj and proj, as HAC's have them."
                )
            joined[f"{attention}{qkv}{kind}"] = torch.cat([part for part in parts if part is not None])
            joined[f"{attention}{out}{kind}"] = last
    return joined


def _text_name(name: str) -> str:
    """A weight of MERU's text tower under OpenCLIP's name."""
    for old, new in _TEXT_NAMES:
        if name.startswith(old):
            return new + name.removeprefix(old)
    return name


def _settings(tensors: Mapping[str, Tensor], source: Path, curv: float, hyperbolic: bool) -> EncoderSettings:
    patch = tensors["visual.patch_embed.proj.weight"]  # (width, 3, patch, patch)
    check_vocabulary(tensors["textual.token_embed.weight"], source)
    if "visual.cls_token" not in tensors or "visual.pos_embed" not in tensors:
        raise CheckpointError(f"{source} has a ViT without a class token; expected MERU's, which reads its answer off one.")
    grid = math.isqrt(tensors["visual.pos_embed"].shape[1] - 1)
    width, side, text_width = int(patch.shape[0]), int(patch.shape[2]), int(tensors["textual.token_embed.weight"].shape[1])
    layers, text_layers = (layer_count(tensors, start) for start in ("visual.blocks.", "textual.resblocks."))
    return EncoderSettings(
        backbone=f"meru:L{layers}_W{width}_A{HEADS.get(width, head_count(width))}_P{side}",
        embed_dim=int(tensors["visual_proj.weight"].shape[0]),
        geometry="hyperbolic" if hyperbolic else "cosine",
        curv_init=curv,
        image_size=grid * side,
        text=f"meru:L{text_layers}_W{text_width}_A{head_count(text_width)}_C{tensors['textual.posit_embed'].shape[0]}",
        pixel_mean=colour(tensors, "pixel_mean"),
        pixel_std=colour(tensors, "pixel_std"),
    )


def _about(kind: str, hyperbolic: bool, adapted: bool) -> dict[str, Any]:
    names = {"HAC": "A HAC model", "UNCHA": "An UNCHA model, or one that its authors trained beside it", "MERU": "A MERU or HyCoCLIP model"}
    licences = {"HAC": HAC_LICENCE, "UNCHA": UNCHA_LICENCE, "MERU": MERU_LICENCE}
    description = (
        f"{names[kind]}: words lie nearer the root than the pictures they fit. Its ω is not calibrated."
        if hyperbolic
        else "The CLIP baseline of MERU: pictures and words compared by cosine; distances to the root mean nothing."
    )
    if adapted:
        description += f" Its LoRA is merged at the scale {HAC_ALPHA}/√{HAC_RANK} of HAC's published recipe; the file states none."
    return {"licence": licences[kind], "description": description}
