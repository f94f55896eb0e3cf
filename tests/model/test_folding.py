"""Towers with TensorFlow's padding, turned so that nothing is copied to be padded: the same function where the sizes are even."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from timm.layers import Conv2dSame
from torch import nn

from hypviz.config import EncoderSettings
from hypviz.model.encoder import build_encoder
from hypviz.model.fastest import COMPARED, _features, in_fastest_dtype
from hypviz.model.folding import Mirrored, mirrored


@pytest.mark.parametrize("kernel", [1, 3, 5, 7])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("size", [15, 16])
def test_a_turned_convolution_gives_the_turned_answer(kernel: int, stride: int, size: int) -> None:
    if kernel < stride:
        pytest.skip("it leaves out what it jumps over, other pixels from either end")
    torch.manual_seed(kernel + 10 * stride)
    tower = nn.Sequential(Conv2dSame(6, 12, kernel, stride=stride, groups=6))
    turned = mirrored(tower)
    assert turned is not None and not any(isinstance(one, Conv2dSame) for one in turned.modules())
    pixels = torch.randn(2, 6, size, size)
    want = tower(pixels)
    np.testing.assert_allclose(turned(pixels).flip(2, 3).detach().numpy(), want.detach().numpy(), atol=1e-5)


def test_even_kernels_have_no_turned_form() -> None:
    assert mirrored(nn.Sequential(Conv2dSame(3, 4, 4, stride=2))) is None


def test_a_tower_without_such_padding_is_left_alone() -> None:
    assert mirrored(nn.Sequential(nn.Conv2d(3, 4, 3, stride=2, padding=1))) is None


@pytest.fixture
def crops() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (COMPARED, 64, 64, 3), dtype=np.uint8)


def test_lite0_is_taken_turned_and_gives_the_same_features(crops: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYPVIZ_HOME", str(tmp_path))
    encoder = build_encoder(EncoderSettings("pretrained:efficientnet_lite0", embed_dim=8, image_size=64)).eval()
    quick = in_fastest_dtype(encoder, crops, count=10**6)
    assert isinstance(quick.backbone, Mirrored)
    exact = _features(encoder, crops)
    np.testing.assert_allclose(_features(quick, crops), exact, atol=1e-4 * float(np.abs(exact).max()))


def test_a_tower_that_tells_one_end_from_the_other_is_not_taken_turned(
    crops: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Corner(nn.Module):
        """Looks at the upper half alone."""

        def __init__(self) -> None:
            super().__init__()
            self.convolution = Conv2dSame(3, 8, 3, stride=2)

        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            return self.convolution(pixels)[:, :, :16].mean(dim=(2, 3))

    monkeypatch.setenv("HYPVIZ_HOME", str(tmp_path))
    encoder = build_encoder(EncoderSettings("pretrained:efficientnet_lite0", embed_dim=8, image_size=64)).eval()
    encoder.backbone = Corner().eval()
    assert mirrored(encoder.backbone) is not None
    assert not isinstance(in_fastest_dtype(encoder, crops, count=10**9).backbone, Mirrored)
