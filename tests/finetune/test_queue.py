"""Trainings as processes: watched, kept, undone; killed servers and workers lose at most an epoch."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from hypviz.errors import BusyError, CheckpointError, SelectionError, SettingsError
from hypviz.explore.library import Library
from hypviz.finetune import subprocess_main as worker
from hypviz.finetune.folder import JobFolder
from hypviz.finetune.judging import score
from hypviz.finetune.keep import packed
from hypviz.finetune.queue import PATIENCE_S, TrainingQueue
from hypviz.finetune.request import FinetuneRequest
from hypviz.model.card import find_checkpoint, read_card
from hypviz.storage.locks import held, is_held
from hypviz.viz.disk import unpack
from tests.finetune.conftest import Place, finished, wait_for

ROOT = Path(__file__).resolve().parents[2]
LONG = {"tune.epochs": 4000, "train.patience": 4000}
SERVER = """
import sys, time
from hypviz.finetune.request import FinetuneRequest
from hypviz.finetune.queue import TrainingQueue
settings = {"tune.epochs": 4000, "train.patience": 4000, "train.batch_pairs": 16, "tune.views": 1}
print(TrainingQueue(device="cpu").submit(FinetuneRequest(sys.argv[1], sys.argv[2], settings=settings, title="cars")), flush=True)
time.sleep(600)
"""


TWO = """
import sys, time
from hypviz.finetune.request import FinetuneRequest
from hypviz.finetune.queue import TrainingQueue
settings = {"tune.epochs": 4000, "train.patience": 4000, "train.batch_pairs": 16, "tune.views": 1}
tuner = TrainingQueue(device="cpu")
for _ in range(3):
    print(tuner.submit(FinetuneRequest(sys.argv[1], sys.argv[2], settings=settings, title="cars")), flush=True)
time.sleep(600)
"""


@pytest.fixture(scope="module")
def tuner(place: Place) -> TrainingQueue:
    return TrainingQueue(device="cpu")


@pytest.fixture(scope="module")
def done(tuner: TrainingQueue, place: Place) -> dict[str, Any]:
    """A training of the head, three epochs, finished."""
    job = finished(tuner, tuner.submit(place.job()))
    assert job["state"] == "done", job["error"]
    return job


def test_a_training_tells_its_course(done: dict[str, Any]) -> None:
    history = done["history"]
    assert [row["epoch"] for row in history] == [0, 1, 2, 3] and sum(row["best"] for row in history) == 1
    assert history[0]["train_loss"] is None and all(row["train_loss"] > 0 and row["validation_loss"] > 0 for row in history[1:])
    assert [step for step, _ in done["live"]] == list(range(1, done["steps"] + 1))
    best = max(history, key=lambda row: row["score"]) if done["best_epoch"] else history[0]  # the start, where all pictures say so
    assert (done["best_epoch"], done["score_best"]) == (best["epoch"], best["score"]) and done["share"] == 1
    assert done["score_after"] >= done["score_before"]
    assert set(done["before"]) == set(done["after"]) == set(history[0]["metrics"]) and len(done["before"]) >= 4
    assert done["score_before"] == pytest.approx(score(done["before"]), abs=1e-4)
    assert done["split"]["train"] == 6 and done["split"]["validation"] == 2 and done["peak_memory_mib"] > 50
    assert done["title"] == "Head only on cars, from tiny.safetensors" and not done["resumable"]
    assert not (JobFolder.find(done["id"]).path / "state.pt").exists()


def test_the_live_loss_is_told_from_where_one_left_off(tuner: TrainingQueue, done: dict[str, Any]) -> None:
    steps = done["steps"]
    assert [step for step, _ in tuner.job(done["id"], since=steps - 2)["live"]] == [steps - 1, steps]
    brief = next(job for job in tuner.jobs() if job["id"] == done["id"])
    assert "history" not in brief and brief["state"] == "done"


def test_the_disk_moves_with_its_angles_held(done: dict[str, Any]) -> None:
    folder = JobFolder.find(done["id"])
    head, first = unpack(folder.frame(0).read_bytes())
    assert done["disk_epochs"] == 4 and head["n"] == len(first["angle"]) and head["splits"][1]["name"] == "to validate on"
    turned = [unpack(folder.frame(epoch).read_bytes()) for epoch in (1, 2, 3)]
    for epoch, (header, columns) in enumerate(turned, start=1):
        assert header["epoch"] == epoch and set(columns) == {"radius", "drawn", "turn", "held"}
        assert len(columns["radius"]) == head["n"] and columns["held"].sum() == (first["split"] == 1).sum() > 0
        assert ((columns["drawn"] > 0) & (columns["drawn"] < 1)).all()
    assert np.abs(turned[0][1]["drawn"] - first["drawn"]).max() > 0
    assert turned[2][1]["turn"].mean() > turned[0][1]["turn"].mean() > 0
    # One scale for all frames: equal radii are drawn at equal places.
    order = np.argsort(np.concatenate([first["radius"], turned[2][1]["radius"]]), kind="stable")
    assert (np.diff(np.concatenate([first["drawn"], turned[2][1]["drawn"]])[order]) >= -1e-6).all()


def test_a_result_is_kept_used_and_taken_back(tuner: TrainingQueue, place: Place, done: dict[str, Any]) -> None:
    assert tuner.keep(done["id"], called="my cars", licence="CC-BY-4.0", note="From the\ngarage.") == "my cars"
    card = read_card(find_checkpoint("my cars"))
    assert (card.name, card.licence) == ("my cars", "CC-BY-4.0") and card.description.startswith("From the garage. Fine-tuned from tiny")
    assert card.metrics["validation"] == done["after"] and card.metrics["before"] == done["before"]
    assert card.training["fine_tuned"]["split"] == done["split"] and 0 < card.omega_children < 3.2
    library = Library(device="cpu")
    assert "my cars" in library.checkpoint_names()
    view = library.open(place.name, "my cars")
    assert view.select({"row": 0}, 3.0)["children"]
    with pytest.raises(SettingsError, match="is kept as 'my cars' already"):
        tuner.keep(done["id"], called="again", licence="", note="")
    assert tuner.undo(done["id"]) == str(place.checkpoint)
    assert "my cars" not in library.checkpoint_names() and tuner.job(done["id"])["kept"] is None
    with pytest.raises(CheckpointError, match="No checkpoint 'my cars'"):
        find_checkpoint("my cars")
    assert tuner.undo(done["id"]) == str(place.checkpoint)  # twice is no mistake


@pytest.mark.parametrize(
    ("name", "message"), [("demo", "called 'demo' already"), ("", "1 to 60"), ("../x", "1 to 60"), (".x", "starts with")]
)
def test_a_name_that_cannot_be_is_refused(name: str, message: str, tuner: TrainingQueue, done: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=message):
        tuner.keep(done["id"], called=name, licence="", note="")


def test_the_download_is_a_checkpoint(done: dict[str, Any], tmp_path: Path) -> None:
    with zipfile.ZipFile(packed(JobFolder.find(done["id"]), "cars-head")) as archive:
        archive.extractall(tmp_path)
    assert read_card(find_checkpoint(tmp_path / "cars-head")).name == "cars-head"


def test_a_server_killed_in_the_middle_loses_at_most_one_epoch(place: Place) -> None:
    command = [sys.executable, "-c", SERVER, str(place.home / place.name), str(place.checkpoint)]
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    name = server.stdout.readline().strip()
    later = TrainingQueue(device="cpu")  # another server's eyes
    before = wait_for(lambda: later.job(name), until=lambda job: job["epoch"] >= 3)
    training = JobFolder.find(name).read("status")["process"]
    server.kill()
    os.kill(training, signal.SIGKILL)
    server.wait()
    assert before["state"] == "running"
    left = wait_for(lambda: later.job(name), until=lambda job: job["state"] != "running")
    assert left["state"] == "interrupted" and left["resumable"] and name in later.overview()["resumable"]
    state = torch.load(JobFolder.find(name).path / "state.pt", weights_only=True)
    per_epoch = left["steps"] // left["epochs"]
    assert state["step"] >= (left["epoch"] - 1) * per_epoch >= 2 * per_epoch

    later.resume(name)
    with pytest.raises(BusyError, match="already"):
        later.resume(name)
    waiting = later.submit(place.job())
    assert wait_for(lambda: later.job(waiting), until=lambda job: job["queue_place"] == 1)["state"] == "queued"
    on = wait_for(lambda: later.job(name), until=lambda job: job["epoch"] > left["epoch"] + 1)
    assert on["state"] == "running" and on["seconds"] > left["seconds"]
    assert [row["epoch"] for row in on["history"]] == list(range(len(on["history"])))  # none twice, none missing
    same = [row["metrics"] for row in on["history"][: state["step"] // per_epoch + 1]]
    assert same == [row["metrics"] for row in left["history"][: len(same)]]

    later.cancel(waiting)
    assert later.job(waiting)["state"] == "cancelled" and later.overview()["queue"] == []
    with pytest.raises(BusyError, match="not over"):
        later.remove(name)
    later.stop(name)
    ended = finished(later, name)
    assert ended["state"] == "done" and ended["stopped_early"] and ended["after"] and ended["epoch"] < 4000
    assert ended["best_epoch"] in (0, max(ended["history"], key=lambda row: row["score"])["epoch"])
    assert ended["score_after"] >= ended["score_before"]
    later.remove(name)
    with pytest.raises(SelectionError, match="no training"):
        later.job(name)


def test_a_worker_that_crashes_takes_nothing_with_it_and_one_without_a_server_stops(place: Place, tuner: TrainingQueue) -> None:
    name = tuner.submit(place.job(settings=LONG, depth="all"))
    wait_for(lambda: tuner.job(name), until=lambda job: job["epoch"] >= 2)
    os.kill(JobFolder.find(name).read("status")["process"], signal.SIGKILL)
    failed = finished(tuner, name)
    assert failed["state"] == "failed" and failed["resumable"]
    assert "ended by itself (signal 9, SIGKILL); what it learned up to its last epoch is kept" in failed["error"]
    tuner.resume(name)
    again = wait_for(lambda: tuner.job(name), until=lambda job: job["epoch"] > failed["epoch"])
    assert again["state"] == "running" and not again["error"]
    assert tuner._running is not None and tuner._running[1]._process.stdin is not None
    tuner._running[1]._process.stdin.close()  # what it sees of a server that is gone
    left = finished(tuner, name)
    assert left["state"] == "stopped" and left["resumable"] and not is_held(JobFolder.find(name).lock)
    tuner.cancel(name)
    assert tuner.job(name)["state"] == "cancelled" and not (JobFolder.find(name).path / "state.pt").exists()
    with pytest.raises(SettingsError, match="cancelled cannot be resumed"):
        tuner.resume(name)
    with pytest.raises(SelectionError, match="no result yet"):
        tuner.keep(name, called="x", licence="", note="")


def test_a_training_that_another_process_works_on_is_left_alone(place: Place, tuner: TrainingQueue) -> None:
    folder = JobFolder(place.home / "trainings" / "elsewhere")
    folder.create(place.job())
    folder.write("state", {"state": "running"})
    assert tuner.job("elsewhere")["state"] == "interrupted"
    with held(folder.lock, worker.BUSY):
        assert tuner.job("elsewhere")["state"] == "running"
        with pytest.raises(BusyError, match="running already"):
            tuner.resume("elsewhere")
        with pytest.raises(BusyError, match="Another process works on this training"), held(folder.lock, worker.BUSY, wait_s=0.1):
            pass
    assert tuner.job("elsewhere")["resumable"]
    tuner.remove("elsewhere")


def test_a_death_by_a_signal_without_a_name_ends_the_training_with_a_sentence_and_the_next_one_runs(
    place: Place, tuner: TrainingQueue
) -> None:
    first, second = tuner.submit(place.job(settings=LONG)), tuner.submit(place.job())
    wait_for(lambda: tuner.job(first), until=lambda job: job["epoch"] >= 2)
    os.kill(JobFolder.find(first).read("status")["process"], 35)
    dead = finished(tuner, first)
    assert dead["state"] == "failed" and "ended by itself (signal 35); what it learned up to its last epoch is kept" in dead["error"]
    assert finished(tuner, second)["state"] == "done"
    tuner.cancel(first)
    assert tuner.job(first)["state"] == "cancelled"


def test_a_training_that_no_longer_listens_is_cancelled_all_the_same(
    place: Place, tuner: TrainingQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PATIENCE_S, "cancel", 0.5)
    name = tuner.submit(place.job(settings=LONG))
    process = wait_for(lambda: tuner.job(name) and JobFolder.find(name).read("status").get("process"), until=bool)
    os.kill(process, signal.SIGSTOP)
    tuner.cancel(name)
    assert finished(tuner, name)["state"] == "cancelled"


def test_whatever_goes_wrong_in_the_server_the_queue_goes_on(place: Place, tuner: TrainingQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("hypviz.finetune.queue.TrainingProcess", lambda *given, **more: 1 / 0)
        name = tuner.submit(place.job())
        failed = finished(tuner, name)
    assert failed["state"] == "failed" and "cannot be started (division by zero); try again." in failed["error"]
    with monkeypatch.context() as patch:
        patch.setattr("hypviz.finetune.training_process.TrainingProcess.outcome", lambda self: {}["state"])
        tuner.resume(name)
        failed = finished(tuner, name)
    assert failed["state"] == "failed" and "lost sight of the training's process" in failed["error"]
    tuner.resume(name)
    assert finished(tuner, name)["state"] == "done"


def test_trainings_of_another_server_are_seen_and_stopped_but_not_taken_over(place: Place) -> None:
    command = [sys.executable, "-c", TWO, str(place.home / place.name), str(place.checkpoint)]
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        running, waiting, last = (server.stdout.readline().strip() for _ in range(3))
        here = TrainingQueue(device="cpu")
        wait_for(lambda: here.job(running), until=lambda job: job["epoch"] >= 1)
        assert [here.job(name)["state"] for name in (running, waiting, last)] == ["running", "queued", "queued"]
        for name in (running, waiting):
            with pytest.raises(BusyError, match="already at another hypviz server"):
                here.resume(name)
            with pytest.raises(BusyError, match="not over"):
                here.remove(name)
        here.cancel(waiting)
        assert finished(here, waiting)["state"] == "cancelled"
        here.pause(running)
        assert here.job(running)["state"] in ("running", "stopped")
        assert finished(here, running)["state"] == "stopped"
        wait_for(lambda: here.job(last), until=lambda job: job["epoch"] >= 1)
    finally:
        server.kill()
        server.wait()
    here.cancel(last)  # its server is gone; its process stops or has stopped
    assert wait_for(lambda: here.job(last), until=lambda job: job["state"] != "running")["state"] in ("interrupted", "cancelled")
    wait_for(lambda: is_held(JobFolder.find(last).lock), until=lambda held: not held)
    if here.job(last)["state"] == "interrupted":
        here.cancel(last)
    assert here.job(last)["state"] == "cancelled" and not (JobFolder.find(last).path / "state.pt").exists()
    for name in (running, waiting, last):
        here.remove(name)


def test_what_fails_says_why(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def outcome(number: str, job: FinetuneRequest) -> dict[str, str]:
        folder = JobFolder(tmp_path / number)
        folder.create(job)
        return worker.do(folder, lambda status: None, "cpu", tmp_path / "cache", (threading.Event(), threading.Event()))

    gone = outcome("1", FinetuneRequest(str(place.home / "nowhere"), str(place.checkpoint)))
    assert gone["state"] == "failed" and "not a workspace" in gone["error"] and gone["error"].endswith(".")
    for number, (error, message) in enumerate(
        [
            (RuntimeError("can't allocate memory"), "The memory did not suffice"),
            (OSError(28, "No space left on device", "state.pt"), "state.pt: No space left on device."),
            (ZeroDivisionError(), "a defect of the program (ZeroDivisionError)"),
        ]
    ):

        def fail(self: object, error: Exception = error) -> None:
            raise error

        monkeypatch.setattr("hypviz.finetune.run.FinetuneRun.run", fail)
        told = outcome(f"x{number}", place.job())
        assert told["state"] == "failed" and message in told["error"]
