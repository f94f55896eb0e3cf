"""Training: the same seed gives the same weights, stopping and resuming included, and nothing bad is kept or resumed."""

from __future__ import annotations

import json
import logging
import signal
import threading
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from hypviz.clipart import write_dataset
from hypviz.config import EncoderSettings, HierarchySettings, PairSettings, TrainSettings
from hypviz.data.crops import build_crop_cache
from hypviz.data.formats.coco import read_coco
from hypviz.data.hierarchy import Hierarchy, build_hierarchy
from hypviz.data.importer import import_items
from hypviz.data.items import Items, picture_marks
from hypviz.errors import CheckpointError, HypvizError, SettingsError
from hypviz.explore.familiarity import learned_from
from hypviz.model.card import read_card
from hypviz.model.checkpoint import load_checkpoint
from hypviz.model.encoder import HyperbolicEncoder, build_encoder
from hypviz.training import step as training_step
from hypviz.training.look import shuffled_rows
from hypviz.training.loop import Progress, Stopped, finish, train
from hypviz.training.losses import LossOutput, LossSettings
from hypviz.training.optimiser import build_optimiser, learning_rate
from hypviz.training.pipeline import FitJob, fit
from hypviz.training.state import Recipe
from hypviz.workspace.store import Workspace
from tests.training.test_tracking import read_events

World = tuple[Items, Hierarchy]
ENCODER = EncoderSettings("timm:test_resnet", embed_dim=8, image_size=32)
RECIPE = Recipe(ENCODER, TrainSettings(steps=6, batch_pairs=12, lr=1e-2, save_every=100, validate_every=4))


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Ten drawn scenes."""
    folder = tmp_path_factory.mktemp("scenes")
    items, report = import_items(read_coco(write_dataset(folder, range(10), size=(160, 120), workers=0), folder / "images"))
    return Workspace.create(folder / "ws", items, build_hierarchy(items, HierarchySettings()), name="scenes", report=report)


@pytest.fixture(scope="module")
def world(workspace: Workspace) -> World:
    return workspace.items, workspace.hierarchy


def weights(encoder: HyperbolicEncoder) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in encoder.state_dict().items()}


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return set(a) == set(b) and all(torch.equal(a[name], b[name]) for name in a)


def run(world: World, folder: Path, recipe: Recipe = RECIPE, **options: Any) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    encoder, record = train(*world, folder, recipe, device="cpu", **options)
    assert not encoder.training
    return weights(encoder), record


def changed(**settings: Any) -> Recipe:
    return replace(RECIPE, train=replace(RECIPE.train, **settings))


def at_step(step: int, act: Callable[[], object]) -> Callable[[Progress], None]:
    return lambda progress: act() if progress.step == step else None  # type: ignore[func-returns-value]


# --- the recipe


def test_a_recipe_comes_back_from_json() -> None:
    recipe = Recipe(ENCODER, TrainSettings(betas=(0.8, 0.9)), PairSettings("direct"), LossSettings(unsampled="positive"))
    assert Recipe.from_json(json.loads(json.dumps(asdict(recipe)))) == recipe
    assert Recipe.from_json({}) == Recipe()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"losses": {}}, "A recipe has no part 'losses'; it knows encoder, train, pairs, loss"),
        ({"train": {"step": 3}}, "TrainSettings has no setting 'step'"),
        ({"train": 3}, "TrainSettings must be an object"),
        ({"loss": {"unsampled": "x"}}, "unsampled must be one of"),
    ],
)
def test_a_recipe_with_something_unknown_is_refused(content: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        Recipe.from_json(content)


# --- determinism and resuming


@pytest.fixture(scope="module", params=["pairs", "images"])
def through(request: pytest.FixtureRequest, world: World, tmp_path_factory: pytest.TempPathFactory) -> tuple[Recipe, Any, Any]:
    """A recipe, and the weights and record of an uninterrupted run by it."""
    recipe = replace(RECIPE, pairs=PairSettings(batches=request.param))
    return recipe, *run(world, tmp_path_factory.mktemp("through"), recipe)


def test_the_same_seed_gives_the_same_weights_bit_by_bit(through: Any, world: World, tmp_path: Path) -> None:
    recipe, wanted, record = through
    torch.rand(3)
    found, again = run(world, tmp_path, recipe)
    assert same(found, wanted)
    assert [h["loss"] for h in again["history"]] == [h["loss"] for h in record["history"]]


def test_another_seed_gives_other_weights(through: Any, world: World, tmp_path: Path) -> None:
    recipe, wanted, _ = through
    found, _ = run(world, tmp_path, replace(recipe, train=replace(recipe.train, seed=1)))
    assert not same(found, wanted)


@pytest.mark.parametrize("step", [1, 5])
def test_stopped_and_resumed_equals_uninterrupted(through: Any, world: World, tmp_path: Path, step: int) -> None:
    recipe, wanted, record = through
    stop = threading.Event()
    with pytest.raises(Stopped, match=f"Stopped at step {step} of 6; run the same command again to resume"):
        run(world, tmp_path, recipe, stop=stop, on_progress=at_step(step, stop.set))
    seen: list[int] = []
    found, resumed = run(world, tmp_path, recipe, on_progress=lambda progress: seen.append(progress.step))
    assert seen == list(range(step + 1, 7))
    assert same(found, wanted)
    assert [h["step"] for h in resumed["history"]] == [h["step"] for h in record["history"]] == [4, 6]


def test_ctrl_c_in_the_middle_of_a_step_finishes_it(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, through: Any) -> None:
    recipe, wanted, _ = through
    before, calls = signal.getsignal(signal.SIGINT), []
    real = training_step.batch_loss

    def interrupted(*args: Any, **options: Any) -> LossOutput:  # after the forward pass has changed the batch statistics
        calls.append(1)
        if len(calls) == 3:
            signal.raise_signal(signal.SIGINT)
        return real(*args, **options)

    monkeypatch.setattr(training_step, "batch_loss", interrupted)
    with pytest.raises(Stopped, match="Stopped at step 3 of 6"):
        run(world, tmp_path, recipe)
    assert signal.getsignal(signal.SIGINT) is before
    assert same(run(world, tmp_path, recipe)[0], wanted)


def test_a_finished_run_is_not_trained_again(through: Any, world: World, tmp_path: Path) -> None:
    recipe, wanted, _ = through
    run(world, tmp_path, recipe)
    heard: list[Progress] = []
    assert same(run(world, tmp_path, recipe, on_progress=heard.append)[0], wanted)
    assert heard == []
    run(world, tmp_path, recipe, on_progress=heard.append, resume=False)
    assert len(heard) == 6


def test_validation_does_not_disturb_the_course(through: Any, world: World, tmp_path: Path) -> None:
    recipe, wanted, _ = through
    modes: list[bool] = []

    def validate(encoder: HyperbolicEncoder) -> dict[str, float]:
        modes.append(encoder.training)
        torch.rand(5)
        return {"answer": 0.42}

    heard: list[Progress] = []
    found, record = run(world, tmp_path, recipe, validate=validate, on_progress=heard.append)
    assert same(found, wanted)
    assert modes == [False, False]
    assert [h["answer"] for h in record["history"]] == [0.42, 0.42]
    assert [p.step for p in heard if p.metrics] == [4, 6]


# --- an anchor


def drift(world: World, folder: Path, anchor: float) -> float:
    """How far the cosines of the items' directions went from those of the start, the backbone being fixed."""
    recipe = replace(changed(backbone_lr_scale=0.0, steps=12, batch_pairs=24), loss=LossSettings(anchor=anchor))
    found, _ = train(*world, folder, recipe, device="cpu")
    first = build_encoder(ENCODER, seed=recipe.train.seed).eval()
    crops = build_crop_cache(world[0], folder / "crops", size=found.image_size)[:60]
    with torch.inference_mode():
        features = first.backbone(first.normalise(np.array(crops)))
        before, after = (encoder.project(features)[0] for encoder in (first, found))
    return float((after @ after.T - before @ before.T).square().mean())


def test_a_run_with_an_anchor_stays_nearer_its_start(world: World, tmp_path: Path) -> None:
    free, held = (drift(world, tmp_path / str(anchor), anchor) for anchor in (0.0, 30.0))
    assert 0 < held < 0.5 * free


def test_an_anchored_run_that_was_stopped_holds_on_to_the_same_start(world: World, tmp_path: Path) -> None:
    recipe, stop = replace(RECIPE, loss=LossSettings(anchor=10.0, spread=1.0, norm=0.1)), threading.Event()
    wanted, _ = run(world, tmp_path / "through", recipe)
    with pytest.raises(Stopped):
        run(world, tmp_path / "resumed", recipe, stop=stop, on_progress=at_step(3, stop.set))
    assert same(run(world, tmp_path / "resumed", recipe)[0], wanted)


# --- states that are not resumed


@pytest.fixture(scope="module")
def stopped(world: World, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The state of a run that was stopped at step 1."""
    folder, stop = tmp_path_factory.mktemp("stopped"), threading.Event()
    stop.set()
    with pytest.raises(Stopped):
        run(world, folder, stop=stop)
    return (folder / "state.pt").read_bytes()


@pytest.mark.parametrize("recipe", [changed(lr=2e-2), changed(seed=5), replace(RECIPE, loss=LossSettings(unsampled="negative"))])
def test_a_state_of_other_settings_is_refused(world: World, tmp_path: Path, stopped: bytes, recipe: Recipe) -> None:
    (tmp_path / "state.pt").write_bytes(stopped)
    with pytest.raises(CheckpointError, match="was started with other settings or data; use another --out folder, or --no-resume"):
        run(world, tmp_path, recipe)
    assert (tmp_path / "state.pt").read_bytes() == stopped


def test_a_state_of_other_data_is_refused(world: World, tmp_path: Path, stopped: bytes) -> None:
    (tmp_path / "state.pt").write_bytes(stopped)
    items = replace(world[0], classes=(*world[0].classes[:-1], "other"))
    with pytest.raises(CheckpointError, match="was started with other settings or data"):
        run((items, world[1]), tmp_path)


def test_a_state_from_before_a_setting_was_known_is_resumed(world: World, tmp_path: Path, stopped: bytes) -> None:
    (tmp_path / "state.pt").write_bytes(stopped)
    state = torch.load(tmp_path / "state.pt", weights_only=True)
    key = json.loads(state["key"])
    del key["recipe"]["train"]["early_size"]
    torch.save(state | {"key": json.dumps(key)}, tmp_path / "state.pt")
    heard: list[Progress] = []
    run(world, tmp_path, on_progress=heard.append)
    assert [p.step for p in heard] == [2, 3, 4, 5, 6]


@pytest.mark.parametrize("damage", ["half", "empty", "foreign"])
def test_a_damaged_state_is_refused(world: World, tmp_path: Path, stopped: bytes, damage: str) -> None:
    path = tmp_path / "state.pt"
    path.write_bytes(stopped[: len(stopped) // 2] if damage == "half" else b"")
    if damage == "foreign":
        torch.save({"state_dict": {}}, path)
    with pytest.raises(CheckpointError, match=r"The state .*state\.pt of an earlier run is damaged; delete it"):
        run(world, tmp_path)


# --- learning


def test_the_loss_goes_down(world: World, tmp_path: Path) -> None:
    heard: list[Progress] = []
    recipe = changed(steps=25, batch_pairs=32, lr=5e-3, colour_jitter=0.0)
    _, record = run(world, tmp_path, recipe, on_progress=heard.append)
    losses = [progress.loss for progress in heard]
    assert np.mean(losses[-5:]) < 0.9 * np.mean(losses[:3])
    assert record["history"][-1]["loss"] == round(losses[-1], 4)
    assert [p.step for p in heard] == list(range(1, 26))
    assert heard[-1].seconds_left == 0
    assert all(p.crops_per_second > 0 for p in heard)


@pytest.mark.parametrize("what", ["loss", "gradient of the loss"])
def test_a_loss_or_gradient_that_is_no_number_ends_the_run_and_spares_the_state(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    real, calls = training_step.batch_loss, []

    def broken(*args: Any, **options: Any) -> LossOutput:
        calls.append(1)
        loss: LossOutput = real(*args, **options)
        if len(calls) == 3 and what == "loss":
            return loss._replace(total=loss.total * float("nan"))
        if len(calls) == 3:
            loss.total.register_hook(lambda gradient: gradient * float("inf"))
        return loss

    monkeypatch.setattr(training_step, "batch_loss", broken)
    with pytest.raises(
        HypvizError, match=f"The {what} is no longer a finite number; lower lr or clip_norm, and start again with --no-resume"
    ):
        run(world, tmp_path, changed(save_every=1, validate_every=100))
    state = torch.load(tmp_path / "state.pt", weights_only=True)
    assert state["step"] == 2
    assert all(tensor.isfinite().all() for tensor in state["encoder"].values())


def test_only_images_of_the_mask_are_learnt_from(world: World, tmp_path: Path) -> None:
    items, hierarchy = world
    mask = np.zeros(len(items.images), bool)
    mask[:3] = True
    _, record = run(world, tmp_path, changed(steps=1), image_mask=mask)
    assert record["images"] == 3
    assert record["pairs"]["within_image"] == int(mask[items.image[hierarchy.edges.parent]].sum()) < len(hierarchy.edges)


def test_training_goes_on_from_a_checkpoint_of_the_same_encoder_only(world: World, tmp_path: Path) -> None:
    begun, record = train(*world, tmp_path / "a", changed(steps=2), device="cpu")
    path = finish(begun, tmp_path / "begun", record=record)
    kept, _ = run(world, tmp_path / "b", changed(lr=0.0, steps=1), init=path)
    assert torch.equal(kept["head.weight"], begun.head.weight)
    with pytest.raises(CheckpointError, match="other encoder settings than this training asks for"):
        run(world, tmp_path / "c", replace(RECIPE, encoder=replace(ENCODER, embed_dim=9)), init=path)


def test_a_frozen_backbone_is_what_it_was(world: World, tmp_path: Path) -> None:
    start = weights(build_encoder(ENCODER, seed=0))
    found, _ = run(world, tmp_path, changed(backbone_lr_scale=0.0, steps=5), validate=lambda _: {})
    moved = {name for name in found if not torch.equal(found[name], start[name])}
    assert moved == {"head.weight", "log_alpha", "log_curv", "log_scale"}


def test_crops_are_small_at_first_and_then_of_full_size(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sides: list[int] = []
    real = HyperbolicEncoder.standardise

    def standardise(self: HyperbolicEncoder, pixels: torch.Tensor) -> torch.Tensor:
        sides.append(pixels.shape[-1])
        return real(self, pixels)

    monkeypatch.setattr(HyperbolicEncoder, "standardise", standardise)
    run(world, tmp_path, changed(early_size=16, early_share=0.5, steps=4))
    assert sides == [16, 16, 32, 32]


def test_bfloat16_by_name_trains_float32_weights(world: World, tmp_path: Path) -> None:
    seen: list[torch.dtype] = []
    hook = torch.nn.modules.module.register_module_forward_hook(
        lambda module, _, out: seen.append(out.dtype) if isinstance(module, torch.nn.Conv2d) else None
    )
    try:
        found, _ = run(world, tmp_path, changed(precision="bfloat16", steps=2))
    finally:
        hook.remove()
    assert set(seen) == {torch.bfloat16}
    assert {tensor.dtype for tensor in found.values()} == {torch.float32, torch.int64}


# --- the optimiser


def test_only_matrices_and_filters_decay() -> None:
    encoder = build_encoder(ENCODER)
    optimiser = build_optimiser(encoder, TrainSettings(weight_decay=0.3, lr=0.1, backbone_lr_scale=0.5, betas=(0.7, 0.8)))
    names = {id(parameter): name for name, parameter in encoder.named_parameters()}
    found = {}
    for group in optimiser.param_groups:
        for parameter in group["params"]:
            found[names[id(parameter)]] = (group["weight_decay"], group["peak"], parameter.ndim)
            assert group["betas"] == (0.7, 0.8)
    assert sorted(found) == sorted(names.values())
    assert all(decay == (0.3 if ndim >= 2 else 0.0) for decay, _, ndim in found.values())
    assert all(peak == (0.05 if name.startswith("backbone.") else 0.1) for name, (_, peak, _) in found.items())
    assert {found[name][0] for name in ("log_alpha", "log_curv", "log_scale")} == {0.0}
    assert found["head.weight"][0] == 0.3


def test_a_frozen_backbone_and_a_fixed_curvature_are_not_optimised() -> None:
    encoder = build_encoder(replace(ENCODER, learn_curv=False))
    optimiser = build_optimiser(encoder, TrainSettings(backbone_lr_scale=0.0))
    trained = {id(parameter) for group in optimiser.param_groups for parameter in group["params"]}
    assert trained == {id(encoder.head.weight), id(encoder.log_alpha), id(encoder.log_scale)}
    assert not any(parameter.requires_grad for parameter in encoder.backbone.parameters())


def test_the_learning_rate_rises_in_a_line_then_falls_in_half_a_cosine() -> None:
    settings = TrainSettings(steps=100, warmup=0.1)
    course = np.array([learning_rate(step, settings) for step in range(100)])
    np.testing.assert_allclose(course[:10], np.arange(1, 11) / 10)
    np.testing.assert_allclose(course[10:], 0.5 * (1 + np.cos(np.pi * np.arange(90) / 90)))
    assert course[55] == pytest.approx(0.5)
    assert (course > 0).all()


@pytest.mark.parametrize(("steps", "warmup"), [(1, 0.0), (1, 1.0), (2, 0.5), (7, 0.0), (7, 1.0)])
def test_short_runs_have_a_learning_rate_too(steps: int, warmup: float) -> None:
    course = [learning_rate(step, TrainSettings(steps=steps, warmup=warmup)) for step in range(steps)]
    assert all(0 < rate <= 1 for rate in course)
    assert max(course) == 1


def test_the_rate_of_every_step_is_that_of_the_course(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rates: list[list[float]] = []
    real = torch.optim.AdamW.step

    def step(self: torch.optim.AdamW, *args: Any, **kwargs: Any) -> Any:
        rates.append(sorted({group["lr"] / group["peak"] for group in self.param_groups}))
        return real(self, *args, **kwargs)

    monkeypatch.setattr(torch.optim.AdamW, "step", step)
    recipe = changed(backbone_lr_scale=0.1)
    run(world, tmp_path, recipe)
    for found, number in zip(rates, range(6), strict=True):
        assert found == pytest.approx([learning_rate(number, recipe.train)] * len(found))


# --- fit


def test_fit_writes_a_checkpoint_with_thresholds_metrics_and_recipe(workspace: Workspace, tmp_path: Path) -> None:
    recipe = asdict(changed(steps=3, batch_pairs=24))
    job = FitJob(
        workspace.folder, tmp_path / "mine-v0.1", recipe=recipe, licence="CC0-1.0", device="cpu", description="A test.", track="tensorboard"
    )
    heard: list[Progress] = []
    path, card = fit(job, on_progress=heard.append)
    assert path == tmp_path / "mine-v0.1.safetensors"
    assert card == read_card(path)
    encoder, _ = load_checkpoint(path)
    assert (card.name, card.licence, card.description) == ("mine-v0.1", "CC0-1.0", "A test.")
    assert (card.curv, card.temperature) == pytest.approx((encoder.curv.item(), 1 / encoder.scale.item()))
    assert 0 < card.omega_children < np.pi
    assert 0 < card.omega_parents < np.pi
    assert "P(r_parent < r_child)" in card.metrics["validation"]
    assert all(0 <= value <= 1 for value in card.metrics["validation"].values())
    assert Recipe.from_json(card.training["recipe"]) == Recipe.from_json(recipe)
    assert card.training["images"] == 9  # one of ten is held out
    assert len(card.training["pictures"]) == 9 and set(card.training["pictures"]) < set(picture_marks(workspace.items))
    assert learned_from(workspace.items, card) == 9 and learned_from(workspace.items, replace(card, training={})) == 0
    assert card.training["hardware"].startswith("cpu")
    assert [h["step"] for h in card.training["history"]] == [3]
    cones = {"cones F1", "median share inside"}  # which are calibrated at the end
    assert set(card.metrics["validation"]) - cones <= set(card.training["history"][0])
    assert len(heard) == 3
    tracked = read_events(tmp_path / "mine-v0.1.run" / "tensorboard")
    assert [tracked["loss", step] for step in (1, 2, 3)] == pytest.approx(
        [progress.loss for progress in heard], abs=1e-4
    )  # kept to four decimals
    assert {name for name, _ in tracked} >= set(card.metrics["validation"]) - cones, "named as in the tables"


def test_fit_resumes_where_it_was_stopped(workspace: Workspace, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    job = FitJob(workspace.folder, tmp_path / "mine", workspace.folder, asdict(changed(steps=4)), device="cpu")
    stop = threading.Event()
    with pytest.raises(Stopped):
        fit(job, on_progress=at_step(2, stop.set), stop=stop)
    assert not (tmp_path / "mine.safetensors").exists()
    with caplog.at_level(logging.INFO, "hypviz.training.state"):
        _, card = fit(job)
    assert "Resuming at step 2." in caplog.messages
    assert card.training["images"] == 10  # validated elsewhere


def test_fit_from_a_checkpoint_keeps_its_architecture(workspace: Workspace, tmp_path: Path) -> None:
    encoder = build_encoder(replace(ENCODER, embed_dim=5))
    start = finish(encoder, tmp_path / "start", record={})
    job = FitJob(workspace.folder, tmp_path / "next", recipe={"train": asdict(changed(steps=1).train)}, init=str(start), device="cpu")
    assert fit(job)[1].encoder == encoder.settings


# --- the shuffled control


def test_shuffled_boxes_show_one_another_and_scenes_themselves(world: World) -> None:
    items, _ = world
    shown = shuffled_rows(items, seed=3)
    scenes, boxes = np.flatnonzero(items.is_scene), np.flatnonzero(~items.is_scene)
    assert np.array_equal(shown[scenes], scenes)
    assert sorted(shown[boxes]) == sorted(boxes) and (shown[boxes] != boxes).mean() > 0.9
    assert np.array_equal(shown, shuffled_rows(items, seed=3))
    assert not np.array_equal(shown, shuffled_rows(items, seed=4))


def test_the_shuffled_control_trains_on_other_pictures(world: World, tmp_path: Path) -> None:
    plain, _ = run(world, tmp_path / "plain", crop_folder=tmp_path / "crops")
    control, _ = run(world, tmp_path / "control", replace(RECIPE, pairs=PairSettings(shuffled=True)), crop_folder=tmp_path / "crops")
    assert not same(plain, control)
    assert not (tmp_path / "plain" / "crops").exists() and len(list((tmp_path / "crops").glob("*.npy"))) == 1
