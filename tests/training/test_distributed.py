"""Two processes that train together do what one does with the joint batch, agree with one another, and go on after one was killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from hypviz.clipart import write_dataset
from hypviz.config import HierarchySettings
from hypviz.data.formats.coco import read_coco
from hypviz.data.hierarchy import build_hierarchy
from hypviz.data.importer import import_items
from hypviz.errors import DeviceError
from hypviz.model.card import read_card
from hypviz.model.encoder import build_encoder
from hypviz.model.norms import synchronise_norms
from hypviz.training.distributed import ALONE, VARIABLES, Ranks, joined_ranks, rank_device, store_of_start
from hypviz.workspace.store import Workspace
from tests.training import ranks_program
from tests.training.ranks_program import COMPARED, NORMALISED, RECIPES

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Ten drawn scenes."""
    folder = tmp_path_factory.mktemp("scenes")
    items, report = import_items(read_coco(write_dataset(folder, range(10), size=(160, 120), workers=0), folder / "images"))
    return Workspace.create(folder / "ws", items, build_hierarchy(items, HierarchySettings()), name="scenes", report=report)


def torchrun(*arguments: str | Path, restarts: int = 0) -> subprocess.CompletedProcess[str]:
    """Two processes of `python -m ARGUMENTS`, to their end."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "--monitor-interval", "0.1"]
    command += ["--max-restarts", str(restarts), "-m", *map(str, arguments)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=420)
    assert done.returncode == 0, done.stderr[-5000:]
    return done


@pytest.fixture(scope="module")
def ranks(workspace: Workspace, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What both processes of a group have to say."""
    out = tmp_path_factory.mktemp("ranks")
    torchrun("tests.training.ranks_program", "compare", workspace.folder, out)
    return [torch.load(out / f"{rank}.pt", weights_only=False) for rank in range(2)]


# --- the same as one process with the joint batch


@pytest.mark.parametrize("name", ["head", "convolutions"])
def test_loss_and_gradients_are_those_of_one_process_with_the_joint_batch(
    name: str, ranks: list[dict[str, Any]], workspace: Workspace, tmp_path: Path
) -> None:
    sizes = set()
    for place, step in enumerate(COMPARED):
        alone = ranks_program.gradients(name, workspace, tmp_path, ALONE, step)
        sizes.add(alone["items"] % 2)
        for rank in range(2):
            both = ranks[rank][name][place]
            assert both["items"] == alone["items"]
            assert both["loss"] == pytest.approx(alone["loss"], abs=1e-6)
            assert both["vitals"] == pytest.approx(alone["vitals"], abs=2e-4)
            assert set(both["gradients"]) == set(alone["gradients"])
            norm = float(torch.stack([gradient.norm() for gradient in alone["gradients"].values()]).norm())
            for key, gradient in alone["gradients"].items():
                assert gradient.abs().max() > 0, key
                assert (both["gradients"][key] - gradient).abs().max() <= 1e-6 * max(1.0, norm), key
    assert sizes == {0, 1}, "shares of equal and of unequal size"


@pytest.mark.parametrize("name", ["head", "convolutions"])
def test_two_ranks_have_the_loss_curve_of_one(name: str, ranks: list[dict[str, Any]], workspace: Workspace, tmp_path: Path) -> None:
    alone = ranks_program.curve(name, workspace, tmp_path, ALONE)
    assert len(alone["losses"]) == 5
    assert np.ptp(alone["losses"]) > 1e-2, "it learns"
    for rank in range(2):
        assert ranks[rank][f"{name} curve"]["losses"] == pytest.approx(alone["losses"], abs=1e-4)


# --- among the ranks


@pytest.mark.parametrize("name", ["head", "convolutions", "normalised"])
def test_ranks_end_with_the_same_weights_and_statistics_bit_by_bit(name: str, ranks: list[dict[str, Any]]) -> None:
    first, second = (rank[f"{name} curve"]["weights"] for rank in ranks)
    assert set(first) == set(second)
    assert all(torch.equal(first[key], second[key]) for key in first)


def test_the_leader_alone_validates_and_all_hear_the_answer(ranks: list[dict[str, Any]]) -> None:
    assert [rank["head curve"]["asked"] for rank in ranks] == [[0, 0], []]
    assert [rank["head curve"]["answers"] for rank in ranks] == [[0.25, 0.25]] * 2


def test_ranks_hear_one_another_and_are_refused_in_one_sentence(ranks: list[dict[str, Any]]) -> None:
    for rank in ranks:
        assert rank["any"] == [True, False]
        assert rank["from leader"] == "of 0"
        assert rank["refusals"] == [
            "The leader cannot.",
            "Process 1 was started with other data than process 0; give all of them the same.",
            "A batch has 1 different items, too few to share among 2 processes; raise batch_pairs or start fewer.",
        ]


@pytest.mark.parametrize(("count", "size"), [(7, 1), (7, 2), (7, 3), (8, 4), (4, 4)])
def test_shares_are_disjoint_and_together_all(count: int, size: int) -> None:
    rows = np.arange(count)
    shares = [rows[Ranks(rank, size).share(count)] for rank in range(size)]
    assert sorted(np.concatenate(shares)) == list(rows)
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


# --- the command, and a process that is killed


@pytest.mark.timeout(900)  # five starts of torch
def test_a_group_with_a_killed_process_ends_as_one_that_was_left_alone(workspace: Workspace, tmp_path: Path) -> None:
    settings = json.dumps(asdict(RECIPES["broken"]))
    command = ("hypviz", "train", "--workspace", workspace.folder, "--out", tmp_path / "whole", "--device", "cpu", "--json")
    whole = torchrun(*command, "--settings", settings)
    results = [json.loads(line) for line in whole.stdout.splitlines()]
    assert [line["checkpoint"] for line in results] == [str(tmp_path / "whole.safetensors")], "one result, of one process"
    assert whole.stderr.count("step 5: {") == 1, "one log"
    broken = torchrun("tests.training.ranks_program", "broken", workspace.folder, tmp_path, restarts=2)
    assert broken.stderr.count("Resuming at step 2.") == 1
    weights, again = (load_file(tmp_path / f"{name}.safetensors") for name in ("whole", "broken"))
    assert set(weights) == set(again)
    assert all(torch.equal(weights[key], again[key]) for key in weights)
    first, second = (read_card(tmp_path / f"{name}.safetensors").training for name in ("whole", "broken"))
    assert first["processes"] == second["processes"] == 2
    assert [step["loss"] for step in first["history"]] == [step["loss"] for step in second["history"]]


def test_ranks_that_are_started_again_never_hear_what_stands_in_the_store_of_an_earlier_start() -> None:
    store = torch.distributed.HashStore()
    for _ in range(3):
        with ThreadPoolExecutor(3) as pool:
            parts = list(pool.map(lambda rank: store_of_start(store, rank, 3, wait_s=60), (2, 1, 0)))
        assert not parts[0].check(["address"])
        parts[2].set("address", "of the leader")
        assert [part.get("address") for part in parts] == [b"of the leader"] * 3
    with pytest.raises(DeviceError, match="Process 0 of 3 has waited 0 s for the others to start"):
        store_of_start(store, 0, 3, wait_s=0.1)
    with pytest.raises(DeviceError, match="Process 1 of 3 has waited 0 s"):
        store_of_start(store, 1, 3, wait_s=0.1)


# --- devices and surroundings


def test_without_torchrun_there_is_one_rank_with_the_device_that_was_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RANK", raising=False)
    with joined_ranks("cuda:1") as (alone, device):
        assert (alone, device) == (ALONE, "cuda:1")
        assert not torch.distributed.is_initialized()


def test_one_process_under_torchrun_needs_no_group(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in zip(VARIABLES, ("0", "1", "0", "localhost", "1"), strict=True):
        monkeypatch.setenv(name, value)
    with joined_ranks("auto") as (alone, device):
        assert (alone.leads, alone.alone, device) == (True, True, "auto")
        assert not torch.distributed.is_initialized()


def test_every_rank_takes_a_device_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert rank_device("auto", 3) == "cpu"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert [rank_device("auto", 0), rank_device("auto", 1), rank_device("cuda", 1), rank_device("cpu", 1)] == [
        "cuda:0",
        "cuda:1",
        "cuda:1",
        "cpu",
    ]
    with pytest.raises(DeviceError, match="Process 2 of this machine, from 0 on, has no GPU: 2 are visible; start so many"):
        rank_device("auto", 2)
    for name in ("cuda:0", "mps", "tpu"):
        with pytest.raises(DeviceError, match=f"every process takes a device of its own, but --device is '{name}'; use auto, cuda or cpu"):
            rank_device(name, 0)


def test_synchronised_normalisation_has_the_same_weights_and_the_same_answers() -> None:
    encoder, plain = build_encoder(NORMALISED, seed=0), build_encoder(NORMALISED, seed=0)
    tensors = {name: tensor.data_ptr() for name, tensor in encoder.state_dict().items()}
    synchronise_norms(encoder)
    assert {name: tensor.data_ptr() for name, tensor in encoder.state_dict().items()} == tensors
    assert any(isinstance(module, torch.nn.SyncBatchNorm) for module in encoder.modules())
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in encoder.modules())
    pixels = torch.rand(4, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        for one, other in zip(encoder.eval()(pixels), plain.eval()(pixels), strict=True):
            assert torch.allclose(one, other, atol=1e-6)
