"""A checkpoint that is named by its address on a hub: which of a repository's files it is made of, and where they are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hypviz.errors import HubError, HubUnreachableError
from hypviz.hub.address import MODEL, parse_address
from hypviz.hub.fetch import fetch
from hypviz.progress import OnProgress

WEIGHTS, CONFIG = "model.safetensors", "config.json"
"""The files of a checkpoint in a repository of its own: weights, and the card."""
HYPER3_CONFIG = "config.yaml"
"""What stands beside the weights where hyper3-clip's own code wrote them, see `model.hyper3_config`."""
_OPEN_CLIP = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")
_ENDINGS = (".safetensors", ".pth", ".pt", ".bin")


def fetch_checkpoint(name: str, *, on_progress: OnProgress | None = None) -> Path:
    """The weights file, with its card beside it, of hf://OWNER/MODEL[@REVISION]; see `hub.fetch` for the cache and for commits.

    Raises HubUnreachableError when it cannot be had, CheckpointError's kind as for any other name.
    """
    try:
        address = parse_address(name, MODEL)
        snapshot = fetch(address, checkpoint_files, on_progress=on_progress)
    except HubError as error:
        raise HubUnreachableError(str(error)) from error
    return snapshot.folder / snapshot.files[0]


def checkpoint_files(names: Sequence[str]) -> tuple[str, ...]:
    """The weights file of a repository, then its card where it has one; HubError where there is none, or several.

    hypviz's own files come first, then a pair NAME.safetensors and NAME.json, OpenCLIP's names, and a single file of weights.

    >>> checkpoint_files(["README.md", "config.json", "model.safetensors"]), checkpoint_files(["meru_vit_b.pth"])
    (('model.safetensors', 'config.json'), ('meru_vit_b.pth',))
    """
    for name in _OPEN_CLIP:
        if name in names:
            return (name,)
    if (beside := [name for name in (CONFIG, HYPER3_CONFIG) if name in names]) and WEIGHTS in names:
        return WEIGHTS, *beside
    pairs = [(name, card) for name in names if name.endswith(".safetensors") and (card := f"{Path(name).with_suffix('.json')}") in names]
    single = [(name,) for name in names if name.endswith(_ENDINGS)]
    for candidates in (pairs, single):
        if len(candidates) == 1:
            return candidates[0]
    weights = ", ".join(name for (name,) in single[:5]) or "no weights at all"
    raise HubError(f"The repository holds {weights}: expected {WEIGHTS} with {CONFIG}, or one file of weights that hypviz reads.")
