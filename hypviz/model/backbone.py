"""Backbones by name: the demo network, any OpenCLIP image tower, any timm model, weights that come as a Python package.

A weights argument is None (random; of "pretrained:" the package's), "hub:TAG" (downloaded by the library's own client, only
when a person asks for it), a file, or RANDOM. Text towers are not built here: the method does not use them (method.md §3);
see `model.text`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from torch import nn

from hypviz.errors import CheckpointError, HubUnreachableError, SettingsError
from hypviz.model.class_scores import FeaturesAndClasses
from hypviz.model.offers import OFFLINE
from hypviz.model.packaged import CLASSES, find_packaged, load_packaged
from hypviz.model.weights import load_tower, read_weights

OWN_VECTORS = "vectors"
"""In the card of own vectors (`hypviz.vectors`), which no network stands behind."""
DEMO_NAMES = ("demo", "demo-small")
RANDOM = "random"
"""Weights of a backbone that is about to get those of a checkpoint: none are looked for, whatever its name promises."""
MAX_WEIGHTS, MAX_WIDTH = 4 << 30, 1 << 16
"""Weights of the layers of a transformer by its name, and the largest number in that: a name is a few letters, what it asks for is not."""
POOLS = {"token": "token", "mean": "avg"}
"""What a ViT's feature is, in timm's words: its class token, or the mean of its patches."""
MAX_EXPONENT = 12
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Backbone:
    """An image tower and what it expects: (B, 3, size, size) normalised by mean and std → (B, features)."""

    tower: nn.Module
    features: int
    size: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]


def build_backbone(name: str, *, weights: str | None = None, image_size: int = 0, published: str = "") -> Backbone:
    """Build the backbone called `name` ("demo", "demo-small", "open_clip:ViT-B-16", "timm:resnet50", "pretrained:efficientnet_lite0").

    published: tag of published weights whose preprocessing and activation to take, without the weights themselves, which
    "hub:TAG" downloads; the two must be the same tag when both are given.
    Raises SettingsError for an unknown name, CheckpointError for weights that do not fit or whose package is missing,
    HubUnreachableError when a hub tag was asked for and the hub cannot be reached.
    """
    if name == OWN_VECTORS:
        raise CheckpointError("Own vectors come without a model, so own pictures and words have no place among them.")
    check_known(name)
    if name.startswith("pretrained:"):
        return _pretrained(name.partition(":")[2], weights, image_size)
    if weights == RANDOM:
        weights = None
    family, _, model = name.partition(":")
    if name in DEMO_NAMES:
        backbone = _demo(name, image_size)
        if weights:
            load_tower(backbone.tower, read_weights(Path(weights)), source=f"Weights file {weights}")
        return backbone
    tag = hub_tag(weights) or published
    if family in ("meru", "vit"):
        return _vit(name, weights, image_size)
    return (_open_clip if family == "open_clip" else _timm)(model, tag, weights, image_size)


def check_known(name: str) -> None:
    """SettingsError unless a backbone's name is one that this program, OpenCLIP or timm knows by itself.

    Both libraries also take addresses of hubs and folders ("hf-hub:…", "local-dir:…"); a name comes from a job or a stranger's card,
    so neither is ever looked up.
    """
    family, _, model = name.partition(":")
    if family == "open_clip" and model:
        import open_clip

        if model.replace("/", "-") not in open_clip.list_models():
            raise SettingsError(f"OpenCLIP has no model {model!r:.80}; see open_clip.list_models(), for example ViT-B-16.")
    elif family == "timm" and model:
        import timm

        if not re.fullmatch(r"[\w.-]+", model) or not timm.is_model(model):
            raise SettingsError(f"timm has no model {model!r:.80}; see timm.list_models(), for example resnet50.")
    elif family in ("meru", "vit") and model:
        _vit_shape(name)
    elif family == "pretrained":
        find_packaged(model)
    elif name not in DEMO_NAMES:
        raise SettingsError(
            f"Unknown backbone {name!r:.80}; use demo, demo-small, pretrained:efficientnet_lite0, "
            "open_clip:NAME (such as open_clip:ViT-B-16) or timm:NAME."
        )


def hub_tag(weights: str | None) -> str:
    """TAG of weights "hub:TAG", "" of any others."""
    return weights.removeprefix("hub:") if weights and weights.startswith("hub:") else ""


def _demo(name: str, image_size: int) -> Backbone:
    from hypviz.model.demo import IMAGE_SIZE, DemoBackbone

    tower = DemoBackbone(name)
    return Backbone(tower, tower.num_features, image_size or IMAGE_SIZE, (0.5,) * 3, (0.25,) * 3)


def _open_clip(name: str, tag: str, weights: str | None, image_size: int) -> Backbone:
    import open_clip
    from open_clip.model import CLIPVisionCfg, _build_vision_tower  # the image tower alone: the text tower is unused

    config: Any = open_clip.get_model_config(name)
    published = open_clip.get_pretrained_cfg(name, tag) if tag else {}
    if tag and not published:
        tags = ", ".join(open_clip.list_pretrained_tags_by_model(name)) or "none"
        raise SettingsError(f"OpenCLIP has no weights {tag!r} for {name}; it knows {tags}.")
    vision = dict(
        config["vision_cfg"], output_tokens=False, timm_model_pretrained=False, **({"image_size": image_size} if image_size else {})
    )
    quick_gelu = bool(config.get("quick_gelu") or published.get("quick_gelu"))
    tower = _build_vision_tower(config["embed_dim"], CLIPVisionCfg(**vision), quick_gelu)
    if weights:
        path = _from_hub(lambda: open_clip.download_pretrained(published), f"{name} {tag}") if hub_tag(weights) else weights
        load_tower(tower, read_weights(Path(path)), source=f"Weights {weights}")
    size = vision.get("image_size", 224)
    mean, std = published.get("mean") or open_clip.OPENAI_DATASET_MEAN, published.get("std") or open_clip.OPENAI_DATASET_STD
    return Backbone(tower, config["embed_dim"], size if isinstance(size, int) else size[0], tuple(mean), tuple(std))


def _timm(name: str, tag: str, weights: str | None, image_size: int) -> Backbone:
    import timm

    if tag and not timm.models.is_model_pretrained(f"{name}.{tag}"):
        tags = ", ".join(each.partition(".")[2] for each in timm.list_pretrained(f"{name}.*")) or "none"
        raise SettingsError(f"timm has no weights {tag!r} for {name}; it knows {tags}.")

    def create(pretrained: bool) -> Any:
        model = partial(timm.create_model, f"{name}.{tag}" if tag else name, pretrained=pretrained, num_classes=0)
        if not image_size:
            return model()
        try:
            return model(img_size=image_size)
        except TypeError:  # convolutional models take pictures of any size, and no such argument
            return model()

    tower = _from_hub(lambda: create(True), f"timm {name}.{tag}") if hub_tag(weights) else create(False)
    if weights and not hub_tag(weights):
        load_tower(tower, read_weights(Path(weights)), source=f"Weights file {weights}")
    config = getattr(tower, "pretrained_cfg", {})
    size = image_size or config.get("input_size", (3, 224, 224))[-1]
    features: int = getattr(tower, "head_hidden_size", None) or tower.num_features  # MobileNets have a layer after pooling
    return Backbone(tower, features, size, config.get("mean", IMAGENET_MEAN), config.get("std", IMAGENET_STD))


def _pretrained(name: str, weights: str | None, image_size: int) -> Backbone:
    """A timm model with the weights of a package, a file's instead when one is given."""
    import timm

    packaged, beside = find_packaged(name), name.endswith(f"+{CLASSES}")
    if hub_tag(weights):
        raise SettingsError(f"pretrained:{name} has the weights of its package; for a hub's, choose timm:{packaged.timm_name}.")
    tower: Any = timm.create_model(packaged.timm_name, **({} if beside else {"num_classes": 0}))
    if not weights:
        load_packaged(tower, packaged)
    elif weights != RANDOM:
        load_tower(tower, read_weights(Path(weights)), source=f"Weights file {weights}")
    if beside:
        tower = FeaturesAndClasses(tower)
    return Backbone(tower, tower.num_features, image_size or packaged.size, (0.5,) * 3, (0.5,) * 3)


def _vit(name: str, weights: str | None, image_size: int) -> Backbone:
    """A ViT of timm's by its shape, see `_vit_shape`."""
    from timm.models.vision_transformer import VisionTransformer

    size = image_size or 224
    pool, sizes = _vit_shape(name)
    if (size // sizes["P"]) ** 2 * sizes["W"] > MAX_WEIGHTS // 16:
        raise SettingsError(f"Pictures of {size} pixels in patches of {sizes['P']} are more than any transformer here takes.")
    tower = VisionTransformer(
        img_size=size, patch_size=sizes["P"], embed_dim=sizes["W"], depth=sizes["L"], num_heads=sizes["A"],
        num_classes=0, global_pool=POOLS[pool], norm_layer=partial(nn.LayerNorm, eps=10.0 ** -sizes["E"]),
    )  # fmt: skip
    if weights:
        load_tower(tower, read_weights(Path(weights)), source=f"Weights file {weights}")
    return Backbone(tower, sizes["W"], size, IMAGENET_MEAN, IMAGENET_STD)


def _vit_shape(name: str) -> tuple[str, dict[str, int]]:
    """(pooling, sizes) of "meru:SHAPE", the ViT of MERU (Desai et al., 2023) on its class token, with the LayerNorm of torch, or of
    "vit:POOLING_SHAPE_E6", with the mean of its patches or its class token, and 10^-E in LayerNorm; SettingsError for any other.

    >>> _vit_shape("vit:mean_L12_W768_A12_P16_E6")
    ('mean', {'L': 12, 'W': 768, 'A': 12, 'P': 16, 'E': 6})
    """
    family, _, model = name.partition(":")
    if family == "meru":
        return "token", read_shape(model, "LWAP") | {"E": 5}
    pool, _, shape = model.partition("_")
    if pool not in POOLS:
        raise SettingsError(f"A ViT is pooled by {' or '.join(POOLS)}, as vit:mean_L12_W768_A12_P16_E6; got {name!r:.80}.")
    sizes = read_shape(shape, "LWAPE")
    if sizes["E"] > MAX_EXPONENT:
        raise SettingsError(f"LayerNorm's epsilon is 10^-1 to 10^-{MAX_EXPONENT}, got 10^-{sizes['E']} in {name!r:.80}.")
    return pool, sizes


def read_shape(text: str, letters: str) -> dict[str, int]:
    """The sizes in the name of a transformer, in MERU's notation; SettingsError unless each letter has a positive one.

    L layers, W width, A attention heads, P patch side in pixels, C tokens of a text, E of the epsilon 10^-E.

    >>> read_shape("L12_W384_A12_P16", "LWAP")
    {'L': 12, 'W': 384, 'A': 12, 'P': 16}
    """
    parts = text.split("_")
    sizes = {part[:1]: int(part[1:]) for part in parts if part[1:].isascii() and part[1:].isdigit() and len(part) < 10}
    if len(parts) != len(letters) or set(sizes) != set(letters) or not all(sizes.values()):
        raise SettingsError(f"A transformer's shape needs a number for each of {', '.join(letters)}, as L12_W384_A12_…; got {text!r:.60}.")
    if sizes["L"] * sizes["W"] ** 2 * 12 > MAX_WEIGHTS or max(sizes.values()) > MAX_WIDTH:
        raise SettingsError(f"A transformer of the shape {text!r:.60} is larger than any that is built here ({MAX_WEIGHTS:,} weights).")
    if sizes["W"] % sizes["A"]:
        raise SettingsError(f"A transformer of width {sizes['W']} cannot have {sizes['A']} attention heads; got {text!r}.")
    return sizes


def _from_hub(download: Callable[[], Any], name: str) -> Any:
    try:
        return download()
    except (CheckpointError, SettingsError):
        raise
    except Exception as error:  # each hub client has its own error tree; all mean that the weights did not arrive
        raise HubUnreachableError(
            f"The weights of {name} could not be fetched from their hub ({type(error).__name__}). Check the network. {OFFLINE}"
        ) from error
