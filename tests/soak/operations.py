"""What is done to a home folder, and what must hold of it afterwards, wherever it was interrupted."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.soak.places import Place

HEADROOM = 1.1
KITE = {"key": "new 1", "xyxy": [3.0, 4.0, 90.0, 80.0], "label": "kite"}


@dataclass(frozen=True)
class Operation:
    """prepare: before it, in a child of its own.  work: what is interrupted.  check: what must hold after, and that it can be done to
    its end then; AssertionError otherwise."""

    name: str
    work: Callable[[Place], object]
    check: Callable[[Place], object]
    prepare: Callable[[Place], object] = lambda place: None


def _import(place: Place) -> Any:
    from hypviz.data.formats.coco import read_coco
    from hypviz.workspace.importing import import_workspace

    raw = read_coco(place.world / "data" / "annotations.json", place.world / "data" / "images")
    return import_workspace(lambda items: place.home / "made", raw, name="made")[0]


def _imported(place: Place) -> None:
    from hypviz.workspace.store import Workspace, is_workspace

    if is_workspace(place.home / "made"):
        assert Workspace.open(place.home / "made").items.data_hash == _mine(place).items.data_hash
    assert _import(place).items.data_hash == _mine(place).items.data_hash


def _mine(place: Place) -> Any:
    from hypviz.workspace.store import Workspace

    return Workspace.open(place.home / "mine")


def _key(place: Place) -> str:
    from hypviz.model.card import checkpoint_hash

    return checkpoint_hash(place.checkpoint)


def _embed(place: Place) -> Any:
    from hypviz.inference.embed import embed_workspace

    return embed_workspace(_mine(place), place.checkpoint, device="cpu")


def _embedded(place: Place) -> None:
    from hypviz.workspace.store import Workspace

    right = Workspace.open(place.world / "data" / "workspace").embedding(_key(place))
    there = _mine(place).embedding(_key(place))
    for found in (there, _embed(place)):
        assert found is None or (found.count if hasattr(found, "count") else len(found)) == len(right)
        assert found is None or (
            np.allclose(found.directions, right.directions, atol=1e-4) and np.allclose(found.radii, right.radii, atol=1e-4)
        )
    assert _mine(place).embedding(_key(place)) is not None


def _layout(place: Place) -> Any:
    from hypviz.explore.view import View

    view = View(_mine(place), place.checkpoint, device="cpu")
    return {name: view.disks.angles(name) for name in ("pca", "hierarchy")}


def _laid_out(place: Place) -> None:
    mine, stamp = _mine(place), None
    stamp = str(mine.meta["stamp"])[:16]
    stored = {name: mine.read_array(_key(place), f"layout-{name}-{stamp}") for name in ("pca", "hierarchy")}
    made = _layout(place)
    for name, angles in stored.items():
        assert angles is None or np.array_equal(angles, made[name])


def _train(place: Place) -> None:
    from hypviz.finetune import subprocess_main as worker
    from hypviz.finetune.folder import JobFolder
    from hypviz.storage.locks import held

    folder = JobFolder(place.home / "trainings" / "begun")
    ends = threading.Event(), threading.Event()
    with held(folder.lock, worker.BUSY):
        folder.write("outcome", worker.do(folder, lambda status: None, "cpu", place.home / "trainings" / "cache", ends))
    outcome = folder.read("outcome")
    if outcome["state"] != "done":
        from hypviz.errors import HypvizError

        raise HypvizError(outcome["error"])


def _trained(place: Place) -> None:
    from hypviz.finetune.folder import JobFolder
    from hypviz.finetune.queue import TrainingQueue
    from hypviz.model.card import read_card

    folder = JobFolder(place.home / "trainings" / "begun")
    before = folder.history()
    assert [row["epoch"] for row in before] == list(range(len(before))), "an epoch is missing or there twice"
    folder.write("state", folder.read("state") | {"state": "running", "server": "0123456789ab"})
    assert TrainingQueue(device="cpu").job("begun")["state"] == "interrupted"
    if folder.read("outcome").get("state") != "done":
        _train(place)
    after = folder.history()
    assert [row["epoch"] for row in after] == list(range(len(after))) and len(after) >= len(before)
    known = max(0, len(before) - 1)  # the last epoch may not be in the state yet and is then done again
    assert [row["metrics"] for row in after[:known]] == [row["metrics"] for row in before[:known]], "what was learned was lost"
    assert read_card(folder.path / "best.safetensors").metrics["validation"]


def _keep(place: Place) -> str:
    from hypviz.finetune.queue import TrainingQueue

    return TrainingQueue(device="cpu").keep("done", called="mine too", licence="CC0-1.0", note="")


def _kept(place: Place) -> None:
    from hypviz.finetune.queue import TrainingQueue
    from hypviz.model.card import find_checkpoint, list_checkpoints, read_card

    tuner = TrainingQueue(device="cpu")
    kept = tuner.job("done")["kept"]
    assert (kept == "mine too") == ("mine too" in list_checkpoints(place.home / "checkpoints"))
    if kept:
        tuner.undo("done")
    assert "mine too" not in list_checkpoints(place.home / "checkpoints") and tuner.job("done")["kept"] is None
    assert read_card(find_checkpoint(_keep(place))).licence == "CC0-1.0"


def _easel() -> Any:
    from hypviz.annotate import DraftStore
    from hypviz.explore.library import Library

    return DraftStore(Library(device="cpu"))


def _draw_kite(place: Place) -> None:
    drafts = _easel()
    drafts.draw("mine", 1, 0, [*drafts.picture("mine", 1)["boxes"], KITE])


def _apply(place: Place) -> Any:
    return _easel().apply("mine")


def _applied(place: Place) -> None:
    from hypviz.workspace.store import Workspace

    before = len(Workspace.open(place.world / "data" / "workspace").items)
    assert len(_mine(place).items) - before in (0, 1)
    labels = [box["label"] for box in _easel().picture("mine", 1)["boxes"]]
    assert labels.count("kite") == 1, "a drawn box was lost"
    _apply(place)
    assert len(_mine(place).items) == before + 1 and _easel().describe("mine")["pending"] == 0


def annotate(place: Place, name: str = "a", rounds: int = 12, *, over: threading.Event | None = None) -> tuple[int, int]:
    """Draw one box after the other, a line in `acks` for each that is on disk: picture, version, label. Returns drawn, conflicts."""
    from hypviz.errors import ConflictError

    drafts, drawn, conflicts = _easel(), 0, 0
    pictures = len(_mine(place).items.images)
    with place.acks.open("a", buffering=1) as acks:
        for number in itertools.count():
            if number == rounds or (over is not None and over.is_set()):
                break
            image = number % pictures
            shown = drafts.picture("mine", image)
            box = {"key": f"new {name}{number}", "xyxy": [3.0, 4.0, 90.0, 80.0], "label": f"{name}{number}"}
            try:
                made = drafts.draw("mine", image, shown["version"], [*shown["boxes"], box])
            except ConflictError:
                conflicts += 1
                continue
            drawn += 1
            acks.write(f"{image} {made['picture']['version']} {name}{number}\n")
    return drawn, conflicts


def annotated(place: Place) -> None:
    """Everything that was said to be on disk is there, once."""
    drafts, told = _easel(), [line.split() for line in place.acks.read_text().splitlines() if line.count(" ") == 2]
    shown = {image: drafts.picture("mine", image) for image in {int(line[0]) for line in told}}
    for image, version, label in told:
        labels = [box["label"] for box in shown[int(image)]["boxes"]]
        assert labels.count(label) == 1, f"{label} on picture {image} was lost"
        assert shown[int(image)]["version"] >= int(version)
    for image, picture in shown.items():
        versions = [int(line[1]) for line in told if int(line[0]) == image]
        assert len(versions) == len(set(versions)), f"two changes to picture {image} were both told to be its version"
        assert picture["version"] - max(versions) in (0, 1), "a change was made that nobody made"
    drafts.draw("mine", 0, drafts.picture("mine", 0)["version"], drafts.picture("mine", 0)["boxes"])


OPERATIONS = (
    Operation("import", _import, _imported),
    Operation("embed", _embed, _embedded),
    Operation("layout", _layout, _laid_out, prepare=_embed),
    Operation("fine-tune", _train, _trained),
    Operation("keep", _keep, _kept),
    Operation("apply", _apply, _applied, prepare=_draw_kite),
    Operation("annotate", annotate, annotated),
)


def tidy(place: Place) -> None:
    """After a sweep nothing unfinished is left, and no process is on the list but this one."""
    from hypviz.storage.sweep import sweep

    sweep()
    left = [path.name for path in place.home.rglob("*") if ".part-" in path.name or path.name.startswith((".commit", ".intake"))]
    assert not left, f"left over: {left}"
    owners = [path.name for path in (place.home / ".owners").glob("*") if path.name != "lock"] if (place.home / ".owners").is_dir() else []
    assert len(owners) <= 1, f"processes that are gone are still on the list: {owners}"
