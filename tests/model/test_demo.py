"""The demo backbone: its convolution by matrix product is the convolution."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from hypviz.model.backbone import DEMO_NAMES
from hypviz.model.demo import SMALL_MAP, Convolution, DemoBackbone


@pytest.mark.parametrize("kernel, stride, size", [(3, 1, 2), (3, 2, 5), (3, 1, 6), (1, 1, 3), (3, 2, 6), (3, 1, 7)])
def test_bfloat16_convolution_is_the_librarys_to_bfloat16(kernel: int, stride: int, size: int) -> None:
    torch.manual_seed(0)
    layer = Convolution(8, 5, kernel, stride, kernel // 2, bias=False)
    x = torch.randn(4, 8, size, size, requires_grad=True)
    exact = F.conv2d(x, layer.weight, stride=stride, padding=kernel // 2)
    wanted = torch.autograd.grad(exact.square().sum(), [x, layer.weight])
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = layer(x)
    assert found.dtype == torch.bfloat16 and found.shape == exact.shape
    got = torch.autograd.grad(found.float().square().sum(), [x, layer.weight])
    scale = exact.abs().max()
    assert (found.float() - exact).abs().max() < 0.02 * scale
    for mine, reference in zip(got, wanted, strict=True):
        assert (mine - reference).abs().max() < 0.03 * reference.abs().max()


def test_float32_takes_the_librarys_own_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    called = []
    original = torch.nn.Conv2d.forward
    monkeypatch.setattr(torch.nn.Conv2d, "forward", lambda self, x: called.append(tuple(x.shape[2:])) or original(self, x))
    layer = Convolution(3, 4, 3, 1, 1, bias=False)
    layer(torch.randn(2, 3, 4, 4))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        layer(torch.randn(2, 3, 4, 4))
        layer(torch.randn(2, 3, 8, SMALL_MAP))
    assert called == [(4, 4), (8, SMALL_MAP)]


@pytest.mark.parametrize("size", DEMO_NAMES)
def test_a_whole_network_in_bfloat16_gives_nearly_the_same_features(size: str) -> None:
    torch.manual_seed(0)
    network = DemoBackbone(size).eval()
    x = torch.randn(8, 3, 40, 40)
    with torch.no_grad():
        exact = network(x)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            rough = network(x).float()
    assert exact.shape == (8, network.num_features)
    assert F.cosine_similarity(exact, rough).min() > 0.999
