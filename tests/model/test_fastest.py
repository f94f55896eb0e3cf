"""The number format of inference: chosen by measured speed and agreement, kept in the home, and never at the encoder's cost."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from hypviz.config import EncoderSettings
from hypviz.inference.embed import encode
from hypviz.model import fastest
from hypviz.model.encoder import HyperbolicEncoder, build_encoder
from hypviz.model.fastest import COMPARED, agreement, in_fastest_dtype
from hypviz.model.folding import folded

SETTINGS = EncoderSettings("demo-small", embed_dim=8, image_size=32)
Speeds = dict[torch.dtype, float]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HYPVIZ_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def encoder() -> HyperbolicEncoder:
    return build_encoder(SETTINGS, seed=2).eval()


@pytest.fixture(scope="module")
def crops() -> NDArray[np.uint8]:
    """Smooth pictures, each unlike the others."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (COMPARED + 6, 4, 4, 3), dtype=np.uint8)
    return coarse.repeat(8, axis=1).repeat(8, axis=2)


@pytest.fixture
def speeds(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[torch.dtype]]:
    """Pretend speeds in crops per second; returns the list of what was measured."""

    def pretend(*, float32: float, bfloat16: float) -> list[torch.dtype]:
        measured: list[torch.dtype] = []

        def speed(encoder: HyperbolicEncoder, crops: NDArray[np.uint8]) -> float:
            measured.append(next(encoder.backbone.parameters()).dtype)
            return bfloat16 if measured[-1] == torch.bfloat16 else float32

        monkeypatch.setattr(fastest, "_speed", speed)
        return measured

    return pretend


def dtype_of(encoder: HyperbolicEncoder) -> torch.dtype:
    return next(encoder.backbone.parameters()).dtype


def test_bfloat16_is_taken_when_it_is_faster_and_agrees_and_the_encoder_stays_as_it_is(
    speeds: Callable[..., object], encoder: HyperbolicEncoder, crops: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fastest, "MIN_AGREEMENT", 0.0)
    speeds(float32=10, bfloat16=30)
    before = copy.deepcopy(encoder).train()
    quick = in_fastest_dtype(encoder.train(), crops, count=1000)
    assert quick is not encoder and dtype_of(quick) == torch.bfloat16 and not quick.training
    assert encoder.training and all(
        torch.equal(a, b) for a, b in zip(encoder.state_dict().values(), before.state_dict().values(), strict=True)
    )
    (exact, exact_radii), (rough, rough_radii) = encode(encoder.eval(), crops), encode(quick, crops)
    assert not np.array_equal(exact, rough)
    np.testing.assert_allclose(rough_radii, exact_radii, rtol=0.05)
    assert quick.curv == encoder.curv and quick.head.weight.dtype == torch.float32


@pytest.mark.parametrize(
    ("bfloat16", "count", "sample"),
    [(12, 1000, 70), (30, 29, 70), (30, 1000, COMPARED - 1)],
    ids=["hardly faster", "little work", "few crops"],
)
def test_float32_stays_where_bfloat16_would_gain_little(
    speeds: Callable[..., object], encoder: HyperbolicEncoder, crops: NDArray[np.uint8], bfloat16: float, count: int, sample: int
) -> None:
    speeds(float32=10, bfloat16=bfloat16)
    quick = in_fastest_dtype(encoder, crops[:sample], count=count)
    assert dtype_of(quick) == torch.float32
    assert (quick is encoder) == (count < 30 or sample < COMPARED)  # else with folded normalisation


@pytest.mark.parametrize(("share", "taken"), [(0.979, False), (0.98, True)])
def test_float32_stays_where_the_neighbours_would_differ(
    speeds: Callable[..., object],
    encoder: HyperbolicEncoder,
    crops: NDArray[np.uint8],
    monkeypatch: pytest.MonkeyPatch,
    share: float,
    taken: bool,
) -> None:
    speeds(float32=10, bfloat16=1000)
    monkeypatch.setattr(fastest, "agreement", lambda exact, rough: share)
    assert (dtype_of(in_fastest_dtype(encoder, crops, count=1000)) == torch.bfloat16) == taken


def test_crops_that_bfloat16_cannot_tell_apart_do_not_agree(encoder: HyperbolicEncoder, crops: NDArray[np.uint8]) -> None:
    twins = np.repeat(crops[:1], COMPARED, axis=0)
    twins[:, 0, 0, 0] += np.arange(COMPARED, dtype=np.uint8)  # alike but for one pixel
    rough = copy.deepcopy(encoder).to_bfloat16()
    assert agreement(fastest._features(encoder, twins), fastest._features(rough, twins)) < 0.9


def test_what_was_measured_is_kept_and_other_weights_are_compared_anew(
    speeds: Callable[..., list[torch.dtype]], encoder: HyperbolicEncoder, crops: NDArray[np.uint8], home: Path
) -> None:
    measured = speeds(float32=10, bfloat16=30)
    in_fastest_dtype(encoder, crops, count=1000)
    in_fastest_dtype(encoder, crops, count=1000)
    once = [torch.float32, torch.float32, torch.bfloat16]  # as it is, folded, and in bfloat16
    assert measured == once
    in_fastest_dtype(build_encoder(SETTINGS, seed=5).eval(), crops, count=1000)
    assert measured == once  # the same backbone on the same machine
    kept = json.loads((home / "speed.json").read_text())
    assert len(kept["speed"]) == 1 and len(kept["agreement"]) == 2


def test_a_fold_that_held_is_tried_on_fewer_crops_and_one_that_fails_then_is_tried_anew(
    speeds: Callable[..., object], encoder: HyperbolicEncoder, crops: NDArray[np.uint8], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    speeds(float32=10, bfloat16=10)
    looks: list[int] = []
    features = fastest._features

    def counted(one: HyperbolicEncoder, some: NDArray[np.uint8]) -> NDArray[np.float32]:
        looks.append(len(some))
        return features(one, some)

    monkeypatch.setattr(fastest, "_features", counted)
    first = in_fastest_dtype(encoder, crops, count=1000)
    whole = looks[:]
    looks.clear()
    again = in_fastest_dtype(encoder, crops, count=1000)
    assert set(whole) == {fastest.TIMED} and looks == [fastest.PROBED] * 2
    assert again is not encoder and type(again.backbone) is type(first.backbone)
    np.testing.assert_array_equal(features(again, crops), features(first, crops))
    (kept,) = json.loads((home / "speed.json").read_text())["folding"].values()
    assert kept == ["folded"]
    monkeypatch.setitem(fastest.CHANGES, "folded", lambda tower: torch.nn.Sequential(tower, torch.nn.Softsign()))
    assert in_fastest_dtype(encoder, crops, count=1000) is encoder  # gives other features now
    assert json.loads((home / "speed.json").read_text())["folding"].popitem()[1] == []


def test_measurements_of_an_older_version_are_kept(
    speeds: Callable[..., list[torch.dtype]], encoder: HyperbolicEncoder, crops: NDArray[np.uint8], home: Path
) -> None:
    measured = speeds(float32=10, bfloat16=30)
    in_fastest_dtype(encoder, crops, count=1000)
    content = json.loads((home / "speed.json").read_text())
    del content["folding"]
    (home / "speed.json").write_text(json.dumps(content))
    measured.clear()
    in_fastest_dtype(encoder, crops, count=1000)
    assert measured == [] and json.loads((home / "speed.json").read_text()).keys() == {*content, "folding"}


@pytest.mark.parametrize("content", ["", "{", "[]", '{"speed": 3}', '{"folding": {"speed": 3}}'])
def test_a_damaged_file_is_made_anew(
    speeds: Callable[..., list[torch.dtype]], encoder: HyperbolicEncoder, crops: NDArray[np.uint8], home: Path, content: str
) -> None:
    home.mkdir()
    (home / "speed.json").write_text(content)
    measured = speeds(float32=10, bfloat16=30)
    in_fastest_dtype(encoder, crops, count=1000)
    assert len(measured) == 3 and len(json.loads((home / "speed.json").read_text())["speed"]) == 1


@pytest.mark.parametrize("name", ["demo-small", "timm:test_resnet", "pretrained:efficientnet_lite0"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_folding_normalisation_changes_no_feature(name: str, dtype: torch.dtype, crops: NDArray[np.uint8]) -> None:
    encoder = build_encoder(EncoderSettings(name, embed_dim=8, image_size=32)).eval()
    for norm in encoder.backbone.modules():
        if isinstance(norm, torch.nn.BatchNorm2d) and name != "pretrained:efficientnet_lite0":
            torch.nn.init.uniform_(norm.running_mean, -0.5, 0.5)  # of fresh weights they are 0 and 1, which anything would pass
            torch.nn.init.uniform_(norm.running_var, 0.5, 2)
    tower = folded(encoder.backbone)
    left, had = (sum(isinstance(part, torch.nn.BatchNorm2d) for part in each.modules()) for each in (tower, encoder.backbone) if each)
    assert left < had / 2
    assert tower is not None
    pixels = encoder.normalise(crops[:4])
    with torch.inference_mode():
        exact, found = encoder.backbone(pixels), tower.to(dtype)(pixels.to(dtype)).float()
    off = float((found - exact).norm() / exact.norm())
    assert off < (1e-5 if dtype == torch.float32 else 0.15), off


def test_a_tower_whose_order_is_not_that_of_its_definition_is_not_folded(
    speeds: Callable[..., object], encoder: HyperbolicEncoder, crops: NDArray[np.uint8]
) -> None:
    class Odd(torch.nn.Module):
        """The normalisation is defined after the convolution and used before it."""

        def __init__(self) -> None:
            super().__init__()
            self.convolution, self.norm = torch.nn.Conv2d(3, 3, 3, bias=False), torch.nn.BatchNorm2d(3)
            self.norm.running_var.fill_(4.0)
            self.norm.running_mean.fill_(1.0)

        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            return self.convolution(self.norm(pixels)).mean(dim=(2, 3))

    encoder.backbone = Odd().eval()
    speeds(float32=10, bfloat16=10)
    assert folded(encoder.backbone) is not None
    assert in_fastest_dtype(encoder, crops, count=1000) is encoder


def test_agreement_is_the_share_of_rows_with_the_same_neighbour_and_twins_count() -> None:
    exact = np.array([[0.0, 0], [1, 0], [3, 0], [7, 0]], np.float32)
    assert agreement(exact, exact) == 1
    assert agreement(exact, np.array([[0.0, 0], [1, 0], [-0.5, 0], [7, 0]], np.float32)) == 0.25  # 1's neighbour 0 alone stays
    twins = np.array([[0.0, 0], [1, 0], [1, 0], [5, 0]], np.float32)
    assert agreement(twins, np.array([[0.0, 0], [1.01, 0], [1, 0], [5, 0]], np.float32)) == 1


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_result_does_not_depend_on_the_batch(encoder: HyperbolicEncoder, crops: NDArray[np.uint8], dtype: torch.dtype) -> None:
    """Kernels may sum in another order for another number of crops: within a few rounding steps of the format."""
    if dtype == torch.bfloat16:
        encoder.to_bfloat16()
    atol = 8 * torch.finfo(dtype).eps
    wanted, radii = encode(encoder, crops)
    for batch in (1, 7, 32, 64):
        found, found_radii = encode(encoder, crops, batch=batch)
        np.testing.assert_allclose(found, wanted, atol=atol)
        np.testing.assert_allclose(found_radii, radii, rtol=atol)
