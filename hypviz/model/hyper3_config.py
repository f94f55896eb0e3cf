"""The configuration beside the weights of hyper3-clip: config.json as on the hub, config.yaml as their code writes it. No torch here."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hypviz.data.formats.yaml_text import read_yaml
from hypviz.errors import CheckpointError, DataError
from hypviz.storage.files import read_limited

CONFIGS = ("config.json", "config.yaml")
MAX_CONFIG = 1 << 20
"""Bytes of a configuration; theirs have some thousand."""
STANDARD = {
    "normalize_encoder_features": ("false",), "text_pooling": ("auto", "pooler"), "projection_hidden_dim": ("none", "null", ""),
    "phyclip_subspace_dim": ("none", "null", ""), "proclip_retrieval": ("false",), "image_normalization": ("imagenet",),
}  # fmt: skip
"""Switches of their code that change what an embedding is, with the values that are read here."""


def read_config(folder: Path) -> dict[str, Any]:
    """The configuration of a hyper3-clip model in a folder, its sections joined and scalars as text; {} for none.

    CheckpointError for a file that is damaged, or a switch in a position that is not read here.
    """
    for path in (folder / name for name in CONFIGS):
        if not path.is_file():
            continue
        try:
            content = json.loads(read_limited(path, MAX_CONFIG)) if path.suffix == ".json" else read_yaml(path)
        except (ValueError, RecursionError, DataError) as error:
            raise CheckpointError(f"The configuration {path} beside the weights cannot be read ({error}).") from error
        if not isinstance(content, dict):
            continue
        sections = [section for section in (content.get("data"), content.get("model")) if isinstance(section, dict)]
        config = {key: value for part in (content, *sections) for key, value in part.items()}
        if "vision_backbone" in config:
            _check_switches(config, path)
            return {key: value if isinstance(value, dict) else str(value) for key, value in config.items()}
    return {}


def _check_switches(config: Mapping[str, Any], path: Path) -> None:
    for key, values in STANDARD.items():
        if str(config.get(key, values[0])).lower() not in values:
            raise CheckpointError(f"{path} says {key}: {str(config[key])[:60]!r}, which is not read here; expected {values[0]!r}.")


def curv_range(config: Mapping[str, Any], folder: Path) -> tuple[float, float]:
    """The lowest and the highest c: as stated, else a tenth of its start to ten times it. CheckpointError for what is no range."""
    start = _positive(config, "curv_init", 1.0, folder)
    low, high = _positive(config, "curvature_min", start / 10, folder), _positive(config, "curvature_max", start * 10, folder)
    if low > high:
        raise CheckpointError(f"The configuration in {folder} clamps the curvature to {low:g}…{high:g}, which is no range.")
    return low, high


def _positive(config: Mapping[str, Any], key: str, default: float, folder: Path) -> float:
    try:
        value = float(config.get(key, default))
    except (TypeError, ValueError):
        value = math.nan
    if not 0 < value < math.inf:
        raise CheckpointError(f"The configuration in {folder} says {key}: {str(config[key])[:40]!r}; expected a number above 0.")
    return value
