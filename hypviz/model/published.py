"""Published models of pictures and words as their authors write them: MERU and HyCoCLIP files, and OpenCLIP state dicts.

MERU (Desai et al., ICML 2023) and HyCoCLIP (Pal et al., ICLR 2025) share one format: a timm ViT, a CLIP-like text tower, a
linear projection each, two scales α and the logarithm of the curvature parameter. Their CLIP baselines lack α and curvature.
All sizes are read off the weights. Only the number of attention heads leaves no trace in them: it is the released models'
for the released widths (12 at width 384, as in MoCo v3), a head per 64 channels otherwise; a card NAME.json beside the file
says another.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from hypviz.config import EncoderSettings
from hypviz.errors import CheckpointError
from hypviz.model.backbone import read_shape
from hypviz.model.text import VOCABULARY
from hypviz.model.weights import read_weights

log = logging.getLogger(__name__)
Tensors = dict[str, Tensor]
Translated = tuple[EncoderSettings, Tensors, dict[str, Any]]
"""Settings of the encoder, its weights under our names, and what a card says besides."""
HEADS = {192: 3, 384: 12, 768: 12, 1024: 16, 1280: 16}
"""Attention heads of the image towers by width."""
HEAD_CHANNELS = 64
"""Channels of one attention head in nearly all transformers."""
MERU_LICENCE = "CC-BY-NC-4.0 (no commercial use), as MERU and HyCoCLIP are released"
CURV = (0.01, 100.0)
"""MERU clamps c to c₀/10 … 10 c₀ around its start c₀, which no file states; this is that range for c₀ from 0.1 to 10."""
_MERU = ("visual.patch_embed.proj.weight", "visual_proj.weight", "textual.token_embed.weight", "textual_proj.weight")
_OPEN_CLIP = ("visual.conv1.weight", "visual.proj", "token_embedding.weight", "text_projection", "positional_embedding")


def is_published(tensors: Mapping[str, Tensor]) -> bool:
    """Whether these are the weights of a published model with both towers, as its authors write them."""
    return _kind(tensors) is not None


def translate(tensors: Mapping[str, Tensor], *, source: Path) -> Translated:
    """A published model as an encoder of ours; CheckpointError for a format that is not known, or sizes that are not there."""
    kind = _kind(tensors)
    if kind is None:
        raise CheckpointError(
            f"Checkpoint {source} has no card: expected {source.with_suffix('.json').name} beside it, or a published MERU, HyCoCLIP or "
            "OpenCLIP model with both towers, which needs none. Weights of an image tower alone go into training: --weights FILE."
        )
    return kind(tensors, source)


def describe_file(path: Path) -> dict[str, Any]:
    """The content of a card for a published file that has none: encoder settings, curvature, licence, description."""
    status = path.stat()
    return dict(_describe(path, status.st_size, status.st_mtime_ns))


@lru_cache(maxsize=16)
def _describe(path: Path, _size: int, _mtime_ns: int) -> dict[str, Any]:
    settings, _, about = translate(read_weights(path), source=path)
    if doubt := _doubt_about_heads(settings.backbone):
        log.warning("%s: %s", path.name, doubt)
        about = about | {"description": f"{about['description']} {doubt}"}
    return {"name": path.stem, "encoder": settings, **about}


def _doubt_about_heads(backbone: str) -> str:
    """What to know where two customs give a ViT of this width different numbers of attention heads; "" where they agree."""
    if not backbone.startswith("meru:"):
        return ""
    sizes = read_shape(backbone.removeprefix("meru:"), "LWAP")
    usual = max(sizes["W"] // HEAD_CHANNELS, 1)
    if sizes["A"] == usual:
        return ""
    return (
        f"Its image tower of width {sizes['W']} is read with {sizes['A']} attention heads, as MERU's released models have; weights do not "
        f"tell, and timm's ViT of that width has {usual}: if its pictures look scattered, name the right number in a card beside the file."
    )


def _kind(tensors: Mapping[str, Tensor]) -> Callable[[Mapping[str, Tensor], Path], Translated] | None:
    if all(name in tensors for name in _MERU):
        return _from_meru
    return _from_open_clip if all(name in tensors for name in _OPEN_CLIP) else None


def _from_meru(tensors: Mapping[str, Tensor], source: Path) -> Translated:
    hyperbolic = "curv" in tensors
    curv = math.exp(_number(tensors, "curv", source)) if hyperbolic else 1.0
    if not CURV[0] <= curv <= CURV[1]:
        raise CheckpointError(
            f"{source} has the curvature −{curv:g}; expected −{CURV[1]:g} to −{CURV[0]:g}, a tenth to ten times a start of −10 to −0.1."
        )
    zero = torch.zeros(())
    weights = {
        "log_alpha": tensors.get("visual_alpha", zero),
        "log_curv": torch.tensor(math.log(curv)),
        "log_scale": tensors.get("logit_scale", zero),
        "head.weight": tensors["visual_proj.weight"],
        "text.log_alpha": tensors.get("textual_alpha", zero),
        "text.tower.text_projection": tensors["textual_proj.weight"].T.contiguous(),
    }
    for name, tensor in tensors.items():
        if name.startswith("visual."):
            weights[f"backbone.{name.removeprefix('visual.')}"] = tensor
        elif name.startswith("textual.") and name != "textual.attn_mask":
            weights[f"text.tower.{_text_name(name.removeprefix('textual.'))}"] = tensor
    return _meru_settings(tensors, source, curv, hyperbolic), weights, _meru_about(curv, hyperbolic)


def _text_name(name: str) -> str:
    """A weight of MERU's text tower under OpenCLIP's name."""
    for old, new in (
        ("token_embed.", "token_embedding."),
        ("posit_embed", "positional_embedding"),
        ("resblocks.", "transformer.resblocks."),
    ):
        if name.startswith(old):
            return new + name.removeprefix(old)
    return name


def _meru_settings(tensors: Mapping[str, Tensor], source: Path, curv: float, hyperbolic: bool) -> EncoderSettings:
    patch = tensors["visual.patch_embed.proj.weight"]  # (width, 3, patch, patch)
    vocabulary, text_width = tensors["textual.token_embed.weight"].shape
    if vocabulary != VOCABULARY:
        raise CheckpointError(f"{source} has a vocabulary of {vocabulary} tokens; expected the {VOCABULARY} of CLIP's byte-pair encoding.")
    if "visual.cls_token" not in tensors or "visual.pos_embed" not in tensors:
        raise CheckpointError(f"{source} has a ViT without a class token; expected MERU's, which reads its answer off one.")
    grid = math.isqrt(tensors["visual.pos_embed"].shape[1] - 1)
    width, side = int(patch.shape[0]), int(patch.shape[2])
    layers, text_layers = (_layers(tensors, start) for start in ("visual.blocks.", "textual.resblocks."))
    return EncoderSettings(
        backbone=f"meru:L{layers}_W{width}_A{HEADS.get(width, max(width // HEAD_CHANNELS, 1))}_P{side}",
        embed_dim=int(tensors["visual_proj.weight"].shape[0]),
        geometry="hyperbolic" if hyperbolic else "cosine",
        curv_init=curv,
        image_size=grid * side,
        text=f"meru:L{text_layers}_W{text_width}_A{max(text_width // HEAD_CHANNELS, 1)}_C{tensors['textual.posit_embed'].shape[0]}",
        pixel_mean=_colour(tensors, "pixel_mean"),
        pixel_std=_colour(tensors, "pixel_std"),
    )


def _meru_about(curv: float, hyperbolic: bool) -> dict[str, Any]:
    description = (
        "A MERU or HyCoCLIP model: words lie nearer the root than the pictures they fit. Its ω is not calibrated."
        if hyperbolic
        else "The CLIP baseline of MERU: pictures and words compared by cosine; distances to the root mean nothing."
    )
    return {"curv": curv, "licence": MERU_LICENCE, "description": description}


def _from_open_clip(tensors: Mapping[str, Tensor], source: Path) -> Translated:
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
    vision["layers"] = _layers(tensors, "visual.transformer.resblocks.")
    text = {"width": tensors["ln_final.weight"].shape[0], "layers": _layers(tensors, "transformer.resblocks.")}
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


def _layers(tensors: Mapping[str, Tensor], start: str) -> int:
    return len({name.removeprefix(start).partition(".")[0] for name in tensors if name.startswith(start)})


def _colour(tensors: Mapping[str, Tensor], name: str) -> tuple[float, ...]:
    return tuple(round(float(value), 7) for value in tensors[name].flatten()) if name in tensors else ()


def _number(tensors: Mapping[str, Tensor], name: str, source: Path) -> float:
    if tensors[name].numel() != 1 or not bool(torch.isfinite(tensors[name]).all()):
        raise CheckpointError(f"{source} has {name} of shape {tuple(tensors[name].shape)}; expected one finite number.")
    return float(tensors[name])
