"""The demo backbones: small residual networks for crops of 32 to 64 pixels, quick on two CPU cores.

Basic residual blocks (He et al., 2016) with average-pooled shortcuts; 3.4 million parameters, or 0.9 in the small one.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SIZES = {"demo": ((24, 48, 96, 160, 256), (1, 2, 2, 2)), "demo-small": ((16, 32, 64, 128, 192), (1, 1, 1, 1))}
"""Channels of the stem and the four stages, and residual blocks per stage. "demo-small" is for tables of many runs."""
IMAGE_SIZE = 64


SMALL_MAP = 36
"""Pixels of a feature map up to which a convolution in bfloat16 on a CPU is done as one matrix product."""


class Convolution(nn.Conv2d):
    """`nn.Conv2d` without bias, several times quicker to train in bfloat16 on a CPU where its maps are small.

    On maps of 2 × 2 to 6 × 6 the CPU kernels for the gradients of a convolution reach a tenth of the speed of a matrix
    product of the same size (256 channels, 2 × 2, batch 500: 162 ms against 17 ms, forwards and back). So the patches
    are gathered and multiplied. In float32 and on a GPU the library's own kernels are the quicker ones.
    """

    def forward(self, x: Tensor) -> Tensor:
        """(B, C_in, H, W) → (B, C_out, H / stride, W / stride)."""
        height, width = x.shape[2:]
        half = x.dtype == torch.bfloat16 or (torch.is_autocast_enabled("cpu") and torch.get_autocast_dtype("cpu") == torch.bfloat16)
        if x.device.type != "cpu" or not half or height * width > SMALL_MAP:
            return super().forward(x)
        (k, _), (stride, _) = self.kernel_size, self.stride
        pad = k // 2
        padded = F.pad(x.permute(0, 2, 3, 1), (0, 0, pad, pad, pad, pad))  # (B, H + 2 pad, W + 2 pad, C_in)
        down, right = height + 2 * pad - k + 1, width + 2 * pad - k + 1
        shifts = [padded[:, i : i + down : stride, j : j + right : stride] for i in range(k) for j in range(k)]
        kernel = self.weight.permute(0, 2, 3, 1).flatten(1)  # (C_out, k · k · C_in), in the order of the shifts
        bias = None if self.bias is None else self.bias.to(kernel.dtype)
        return F.linear(torch.cat(shifts, dim=-1), kernel, bias).permute(0, 3, 1, 2)


class ResidualBlock(nn.Module):
    """Two 3 × 3 convolutions and a shortcut: (B, C_in, H, W) → (B, C_out, H / stride, W / stride)."""

    def __init__(self, c_in: int, c_out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = Convolution(c_in, c_out, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(c_out)
        self.conv2 = Convolution(c_out, c_out, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(c_out)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or c_in != c_out:
            pool = nn.AvgPool2d(stride, ceil_mode=True, count_include_pad=False) if stride > 1 else nn.Identity()
            self.shortcut = nn.Sequential(pool, Convolution(c_in, c_out, 1, bias=False), nn.BatchNorm2d(c_out))

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        y = F.relu(self.norm1(self.conv1(x)))
        return F.relu(self.norm2(self.conv2(y)) + self.shortcut(x))


class DemoBackbone(nn.Module):
    """(B, 3, S, S) → (B, features): the mean and the maximum over the last feature map. size: one of `SIZES`.

    The maximum keeps a small part (a handle in a door) from drowning in the mean.
    """

    def __init__(self, size: str = "demo") -> None:
        super().__init__()
        widths, depths = SIZES[size]
        self.num_features = 2 * widths[-1]
        layers: list[nn.Module] = [nn.Conv2d(3, widths[0], 3, 2, 1, bias=False), nn.BatchNorm2d(widths[0]), nn.ReLU()]
        for c_in, c_out, depth in zip(widths[:-1], widths[1:], depths, strict=True):
            layers += [ResidualBlock(c_in, c_out, 2), *(ResidualBlock(c_out, c_out, 1) for _ in range(depth - 1))]
        self.body = nn.Sequential(*layers)
        self.norm = nn.BatchNorm1d(self.num_features)  # unit variance per feature, so a new head starts at radius ≈ 1

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        y = self.body(x)
        features: Tensor = self.norm(torch.cat([y.mean(dim=(2, 3)), y.amax(dim=(2, 3))], dim=1))
        return features
