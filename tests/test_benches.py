"""Benches that compare: what they compare computes the same, and every figure is there. No time is asserted."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from hypviz.cli.bench_embed import bare_network, drawn, made_up
from hypviz.cli.bench_training import compared, our_loss, pairwise_loss, step_seconds, tangents, with_gradients
from hypviz.cli.plain_embedding import prepared
from hypviz.config import EncoderSettings
from hypviz.errors import DataError
from hypviz.inference.embed import embed_items
from hypviz.model.encoder import build_encoder
from tests.commands import Run, command_runner

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    monkeypatch.setenv("HYPVIZ_HOME", str(tmp_path / "home"))
    return command_runner(monkeypatch, capfd)


def assert_figures(found: dict[str, Any]) -> None:
    """Each way has a rate and each ratio is that of two rates, by the clock and of processor time."""
    for clock in ("by the clock", "of processor time"):
        ways = {name: of[clock] for name, of in found.items() if isinstance(of, dict)}
        assert all(value > 0 for value in ways.values())
        assert ways["times the bare network"] == pytest.approx(ways["hypviz"] / ways["bare network"])
        assert ways["times the plain script"] == pytest.approx(ways["hypviz"] / ways[found["best plain script"]])


def test_embedding_is_held_against_the_bare_network_and_a_plain_script(run: Run) -> None:
    answer = run("bench", "embed", "--pictures", 2, "--boxes", 3, "--rounds", 1, "--backbone", "demo-small", "--json").json()
    assert (answer["crops"], answer["targets"]) == (8, {"times the bare network": 0.9, "times the plain script": 6.0})
    assert_figures(answer["demo-small"])


def test_the_pictures_of_a_folder_get_boxes_within_them(make_picture: Any, tmp_path: Path) -> None:
    for number in range(3):
        make_picture(tmp_path / f"{number}.jpg", (60 + number, 40))
    items = made_up(tmp_path, pictures=2, boxes=8)
    assert len(items) == 18 and items.is_scene.sum() == 2
    np.testing.assert_array_equal(items.xyxy[9], [0, 0, 61, 40])
    with pytest.raises(DataError, match="holds no JPEG pictures"):
        made_up(drawn(tmp_path, 0) / "absent", pictures=1, boxes=1)


def test_what_is_measured_is_the_network_that_embeds(tmp_path: Path) -> None:
    """The bare network is given the crops that embedding looks at, all of them."""
    items = made_up(drawn(tmp_path, 2), pictures=2, boxes=4)
    torch.manual_seed(0)
    encoder = build_encoder(EncoderSettings("demo-small")).eval()
    features: list[torch.Tensor] = []
    hook = encoder.backbone.register_forward_hook(lambda module, inputs, output: features.append(output.clone()))
    work, form = bare_network(items, encoder)
    work()
    hook.remove()
    directions, radii = encoder.project(torch.cat(features))
    whole = embed_items(items, encoder)
    assert form == "float32" and len(directions) == len(items)
    np.testing.assert_allclose(directions.detach().numpy(), whole.directions, atol=1e-5)
    np.testing.assert_allclose(radii.detach().numpy(), whole.radii, rtol=1e-5)


def test_the_plain_script_prepares_a_crop_as_published(tmp_path: Path) -> None:
    Image.fromarray(np.arange(60 * 80 * 3, dtype=np.uint8).reshape(60, 80, 3)).save(tmp_path / "a.png")
    crop = prepared(str(tmp_path / "a.png"), (10.0, 5.0, 30.0, 45.0), np.asarray)
    assert crop.shape == (40, 20, 3)
    np.testing.assert_array_equal(crop[0, 0], [(5 * 80 + 10) * 3 % 256, ((5 * 80 + 10) * 3 + 1) % 256, ((5 * 80 + 10) * 3 + 2) % 256])


@pytest.mark.parametrize("broadcast", [False, True])
def test_the_pairwise_loss_is_the_same_loss(broadcast: bool) -> None:
    parents, children = tangents(40, 16, torch.device("cpu"))
    ours = with_gradients(our_loss, parents, children)
    slopes = [one.grad.clone() for one in (parents, children) if one.grad is not None]
    other = with_gradients(lambda p, c: pairwise_loss(p, c, broadcast=broadcast), parents, children)
    torch.testing.assert_close(ours, other, rtol=1e-4, atol=1e-4)
    for slope, one in zip(slopes, (parents, children), strict=True):
        torch.testing.assert_close(slope, one.grad, rtol=1e-2, atol=1e-4)


def test_training_is_measured_by_clock_and_processor(run: Run) -> None:
    answer = run("bench", "training", "--pairs", 12, "--dims", 8, "--rounds", 2, "--device", "cpu", "--json").json()
    for way in ("pairwise, one product", "pairwise, broadcast"):
        ratio = answer["ours (ms)"]["of processor time"] / answer[f"{way} (ms)"]["of processor time"]
        assert answer[f"times {way}"]["of processor time"] == pytest.approx(ratio)
    assert "of processor time" in run("bench", "training", "--pairs", 12, "--dims", 8, "--rounds", 1, "--device", "cpu").out
    assert step_seconds("demo-small", 4, torch.device("cpu"), rounds=1) > 0 and compared(4, 4, 1, torch.device("cpu"))["pairs"] == 4


def test_the_script_for_a_gpu_runs_on_a_cpu(tmp_path: Path) -> None:
    command = [sys.executable, "benchmarks/gpu.py", "--small", "--device", "cpu", "--out", str(tmp_path / "gpu.md")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280, env=None)
    assert done.returncode == 0, done.stderr
    rows = [line.split(" | ") for line in (tmp_path / "gpu.md").read_text().splitlines() if line.startswith("| ")]
    assert [row[0].split(",")[0].removeprefix("| ") for row in rows[1:]] == [
        "embedding", "loss and gradients", "step of demo-small", *["search", "the same 1 by a bare inner product on cpu"],
        *["search", "the same 16 by a bare inner product on cpu"],
    ]  # fmt: skip
    assert (tmp_path / "gpu.md").read_text() in done.stdout
