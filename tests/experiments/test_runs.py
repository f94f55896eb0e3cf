"""Runs: kept when done, resumed when not, and one that fails takes no other with it."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hypviz.errors import DataError, HypvizError
from hypviz.experiments import processes, schedule, work
from hypviz.experiments.data import Part, Parts
from hypviz.experiments.plan import Plan, Row
from hypviz.experiments.processes import do_all
from hypviz.experiments.schedule import Setup, row_runs, run_plan, tuning_runs
from hypviz.experiments.work import Run, do
from hypviz.training.loop import Stopped
from hypviz.workspace.store import Workspace
from tests.worlds import TinyWorld

RECIPE = {
    "encoder": {"backbone": "timm:test_resnet", "embed_dim": 4, "image_size": 32},
    "train": {"steps": 4, "batch_pairs": 20, "save_every": 1},
    "pairs": {"batches": "images"},
}
PLAN = Plan(
    "tiny", "Tiny", (Row("untrained", "Untrained", trained=False), Row("hyp†", "Trained")), RECIPE, "hyp†",
    seeds=(0, 1), temperatures=(0.05, 0.1), tuning_steps=1,
)  # fmt: skip


def tiny_run(world: TinyWorld, home: Path, **changes: Any) -> Run:
    part = Part(world.workspace)
    return replace(Run(RECIPE, part, part, home, device="cpu"), **changes)


def silent(done: int, total: int | None, note: str = "") -> None:
    pass


def test_the_parts_of_one_workspace_share_no_image_and_leave_none_out(tiny_world: TinyWorld) -> None:
    parts = Parts.split(tiny_world.workspace)
    content = [part.load()[0].images.content.tolist() for part in (parts.train, parts.validation, parts.test)]
    assert sorted(name for names in content for name in names) == sorted(Workspace.open(tiny_world.workspace).items.images.content.tolist())
    assert [len(names) for names in content] == [5, 1, 2]
    items, hierarchy = parts.test.load()
    assert len(hierarchy.depth) == len(items)


def test_a_part_without_images_says_so(tiny_world: TinyWorld) -> None:
    with pytest.raises(DataError, match="8 pictures, too few to split"):
        Part(tiny_world.workspace, 0.5, 0.51).load()


def test_a_result_is_kept_and_not_made_again(tiny_world: TinyWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = tiny_run(tiny_world, tmp_path)
    first = do(run)
    assert json.loads(run.result.read_text()) == first
    assert run.checkpoint.is_file() and not list((tmp_path / "states").rglob("state.pt"))
    monkeypatch.setattr(work, "_trained", lambda *_: pytest.fail("trained again"))
    assert do(run) == first


def test_a_stopped_run_goes_on_and_ends_where_an_unbroken_one_does(tiny_world: TinyWorld, tmp_path: Path) -> None:
    whole = do(tiny_run(tiny_world, tmp_path / "whole"))
    run, stop, steps = tiny_run(tiny_world, tmp_path / "broken"), threading.Event(), []
    with pytest.raises(Stopped):
        do(run, on_step=lambda step, _: stop.set() if step == 2 else None, stop=stop)
    assert not run.result.exists()
    result = do(run, on_step=lambda step, _: steps.append(step))
    assert steps == [3, 4]
    assert result["evaluation"] == whole["evaluation"]


def test_runs_that_only_judge_otherwise_share_their_training(tiny_world: TinyWorld, tmp_path: Path) -> None:
    run = tiny_run(tiny_world, tmp_path)
    fused = replace(run, apex="sum")
    assert fused.key != run.key and fused.checkpoint == run.checkpoint
    one, other = do(run), do(fused)
    assert one["training"] == other["training"]
    assert one["evaluation"]["settings"]["apex"] == "query" and other["evaluation"]["settings"]["apex"] == "sum"


@pytest.mark.parametrize("change", [{"recipe": RECIPE | {"pairs": {}}}, {"trained": False}, {"init": "demo"}])
def test_another_training_has_another_key(tiny_world: TinyWorld, tmp_path: Path, change: dict[str, Any]) -> None:
    run = tiny_run(tiny_world, tmp_path)
    assert replace(run, **change).trained_key != run.trained_key
    assert replace(run, home=tmp_path / "elsewhere", device="cuda").key == run.key


def test_temperatures_are_tuned_on_validation_and_rows_judged_on_test(
    tiny_world: TinyWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = Parts.split(tiny_world.workspace)
    setup = Setup(tmp_path, parts, device="cpu")
    tried = tuning_runs(PLAN, setup)
    assert set(tried) == {"hyperbolic angle"} and set(tried["hyperbolic angle"]) == {0.05, 0.1}
    assert all(run.judged == parts.validation and run.recipe["train"]["seed"] == 1000 for run in tried["hyperbolic angle"].values())
    untuned = replace(setup, tune=False)
    monkeypatch.setattr(schedule, "do_all", lambda *_: None)
    assert run_plan(PLAN, untuned, silent)[1] == {"hyperbolic angle": 0.07}
    rows = row_runs(PLAN, PLAN.rows[1], setup, {"hyperbolic angle": 0.1})
    assert [run.recipe["train"]["seed"] for run in rows] == [0, 1]
    assert all(run.judged == parts.test and run.recipe["encoder"]["temperature_init"] == 0.1 for run in rows)


def test_a_plan_runs_in_processes_and_finds_all_there_the_next_time(
    tiny_world: TinyWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = Parts(Part(tiny_world.workspace), Part(tiny_world.workspace), Part(tiny_world.workspace))
    setup = Setup(tmp_path, parts, device="cpu", jobs=2)
    plan = replace(PLAN, rows=PLAN.rows[1:], temperatures=(0.1,))
    results, temperatures = run_plan(plan, setup, silent)
    assert {name: len(runs) for name, runs in results.items()} == {"hyp†": 2}
    assert temperatures["hyperbolic angle"] == 0.1
    radii = [run["evaluation"]["radii"] for run in results["hyp†"]]
    assert radii[0] != radii[1]  # another seed
    monkeypatch.setattr(processes, "_start", lambda *_: pytest.fail("all is there"))
    assert run_plan(plan, setup, silent) == (results, temperatures)


def test_the_other_runs_are_done_when_one_fails(tiny_world: TinyWorld, tmp_path: Path) -> None:
    good = tiny_run(tiny_world, tmp_path, trained=False)
    bad = tiny_run(tiny_world, tmp_path, judged=Part(tmp_path / "nowhere"), trained=False)
    with pytest.raises(HypvizError, match=f"1 of 2 runs failed .*{bad.key}.*nowhere.*The others are kept"):
        do_all([bad, good], 1, silent, "rows")
    assert good.result.is_file() and not bad.result.exists()
    assert np.isfinite(json.loads(good.result.read_text())["cpu_seconds"])
