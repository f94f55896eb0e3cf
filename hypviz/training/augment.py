"""Augmentation on the device: flip and colour jitter, never a crop (it could delete the child from its scene) [R]."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from hypviz.config import TrainSettings

_GREY = (0.299, 0.587, 0.114)  # luma of ITU-R BT.601


def augment(pixels: Tensor, settings: TrainSettings, *, step: int, among: int | None = None, share: slice = slice(None)) -> Tensor:
    """(B, 3, S, S) in 0…1 → the same, each picture changed on its own; a pure function of (seed, step).

    Early in a run with `early_size` the result is that much smaller. among, share: where these are only some of a batch of `among`
    pictures, which of them; they are changed as they would be among all.
    """
    if settings.early_size and step < settings.early_share * settings.steps:
        pixels = functional.interpolate(pixels, size=settings.early_size, mode="bilinear", antialias=True)
    generator = torch.Generator().manual_seed(settings.seed * 1_000_003 + step)
    noise = torch.rand(4, len(pixels) if among is None else among, 1, 1, 1, generator=generator)[:, share].to(pixels.device)
    if settings.flip:
        pixels = torch.where(noise[0] < 0.5, pixels.flip(-1), pixels)
    if settings.colour_jitter == 0:
        return pixels
    brightness, contrast, saturation = 1 + settings.colour_jitter * (2 * noise[1:] - 1)
    pixels = pixels * brightness
    mean = pixels.mean(dim=(1, 2, 3), keepdim=True)
    pixels = mean + contrast * (pixels - mean)
    grey = (pixels * pixels.new_tensor(_GREY).view(1, 3, 1, 1)).sum(dim=1, keepdim=True)
    jittered: Tensor = (grey + saturation * (pixels - grey)).clamp(0.0, 1.0)
    return jittered
