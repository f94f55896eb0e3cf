"""Reading weights files: safetensors, or foreign `.pt/.pth` opened with `weights_only=True` and nothing else."""

from __future__ import annotations

import pickle
import threading
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from hypviz.errors import CheckpointError

MAX_HEADER = 16 << 20
"""Bytes of a .safetensors header: about 100 a tensor, of which the largest models have some thousand."""
_WRAPPERS = ("state_dict", "model", "model_state_dict", "teacher")
_PREFIXES = ("module.encoder_q.", "encoder_q.", "module.visual.", "visual.", "module.", "backbone.", "")
"""Where the image tower sits in published files: MoCo-v2's query encoder, CLIP's visual tower, wrapped models."""

_INERT = ("omegaconf.", "numpy.", "typing.")
_INERT_TYPES = {f"builtins.{name}" for name in ("bool", "bytes", "dict", "float", "int", "list", "object", "set", "str", "tuple")}
"""What trainings save beside weights, as MERU's descendants do: settings in OmegaConf's containers, the state of a random generator."""
_PICKLES = threading.Lock()
"""Torch keeps one list of known names for the whole process."""


class _Inert:
    """Stands for an object of a file that is not a tensor: made without its class, holding nothing, doing nothing."""

    def __new__(cls, *_: object) -> _Inert:
        return super().__new__(cls)

    def __setstate__(self, _: object) -> None:
        """What the object held is left in the file."""


def _empty(*_: object) -> dict[object, object]:
    return {}


def read_weights(path: Path) -> dict[str, Tensor]:
    """The tensors of a weights file by name; CheckpointError when it is missing, damaged or holds code."""
    if not path.is_file():
        raise CheckpointError(f"Weights file {path} does not exist.")
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            check_header(path)
            return load_file(path)
        _check_archive(path)
        # A mapped file is read where it is looked at: the shapes of a large model cost nothing. Files of old are no archives.
        loaded = _load_tensors(path)
    except CheckpointError:
        raise
    except pickle.UnpicklingError as error:  # torch tells code from garbage in its message only
        raise CheckpointError(
            f"Weights file {path} is damaged, or holds Python objects besides tensors, which hypviz does not run; "
            "save its state_dict alone, best as .safetensors."
        ) from error
    except Exception as error:  # safetensors and torch raise many kinds for a damaged file
        if "TorchScript" in str(error):  # such as OpenAI's own CLIP files
            raise CheckpointError(
                f"Weights file {path} is a TorchScript archive, which holds a program; save its state_dict alone, best as .safetensors."
            ) from error
        raise CheckpointError(f"Weights file {path} is damaged or in an unknown format ({type(error).__name__}).") from error
    return _tensors_of(loaded, path)


def _load_tensors(path: Path) -> Any:
    """The content of a .pt file, opened with weights_only; settings and random states in it are inert objects."""
    if not zipfile.is_zipfile(path):
        return torch.load(path, map_location="cpu", weights_only=True)
    with _PICKLES:
        names = [] if _is_program(path) else torch.serialization.get_unsafe_globals_in_checkpoint(str(path))
        stand_ins: list[Any] = [
            (_empty if name == "collections.defaultdict" else _Inert, name)
            for name in names
            if name.startswith(_INERT) or name in _INERT_TYPES or name == "collections.defaultdict"
        ]
        with torch.serialization.safe_globals(stand_ins):
            return torch.load(path, map_location="cpu", weights_only=True, mmap=True)


def _is_program(path: Path) -> bool:
    """Whether a .pt archive is TorchScript's, which torch refuses by itself."""
    with zipfile.ZipFile(path) as archive:
        return any(name.endswith("/constants.pkl") for name in archive.namelist())


def check_header(path: Path) -> None:
    """CheckpointError for a .safetensors file whose header is larger than any real one's, before it is parsed."""
    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
    if size > MAX_HEADER:
        words = f"its header would have {size:,} bytes; at most {MAX_HEADER:,} are read"
        raise CheckpointError(f"Weights file {path} is damaged or no safetensors file: {words}.")


def _check_archive(path: Path) -> None:
    """CheckpointError for a .pt archive that would grow: torch stores tensors as they are, so one that is packed was not written by it."""
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        grown = sum(info.file_size for info in archive.infolist())
    if grown > path.stat().st_size + MAX_HEADER:
        raise CheckpointError(f"Weights file {path} would grow to {grown:,} bytes when read; save it again with torch.save.")


def _tensors_of(loaded: object, path: Path) -> dict[str, Tensor]:
    for key in _WRAPPERS:
        if isinstance(loaded, Mapping) and isinstance(loaded.get(key), Mapping):
            loaded = loaded[key]
    if not isinstance(loaded, Mapping):
        raise CheckpointError(f"Weights file {path} holds a {type(loaded).__name__}, expected a state_dict of tensors.")
    tensors = {str(key): value for key, value in loaded.items() if isinstance(value, Tensor)}
    for key, tensor in tensors.items():
        if tensor.layout != torch.strided or tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
            raise CheckpointError(f"Weights file {path} has {key[:80]!r}, which says more numbers than the file has; save plain tensors.")
    if not tensors:
        raise CheckpointError(f"Weights file {path} holds no tensors.")
    return tensors


def load_tower(model: nn.Module, tensors: Mapping[str, Tensor], *, source: str) -> None:
    """Copy an image tower's weights into `model`, finding the prefix under which the file keeps it.

    Heads that the model lacks are ignored; a missing or misshapen weight raises CheckpointError naming it.
    """
    expected = model.state_dict()
    prefix = max(_PREFIXES, key=lambda p: sum(p + name in tensors for name in expected))
    matched = {name: tensors[prefix + name] for name in expected if prefix + name in tensors}
    missing = [name for name in expected if name not in matched and not name.endswith("num_batches_tracked")]
    if missing:
        raise CheckpointError(
            f"{source} does not fit this backbone: {len(missing)} of {len(expected)} weights are missing, "
            f"the first is {missing[0]!r}. Choose the backbone that the file was trained with."
        )
    for name, tensor in matched.items():
        if tensor.shape != expected[name].shape:
            raise CheckpointError(
                f"{source} does not fit this backbone: {name!r} has shape {tuple(tensor.shape)}, expected {tuple(expected[name].shape)}."
            )
    model.load_state_dict(matched, strict=False)
