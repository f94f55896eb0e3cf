"""Whoever does long work, in a thread or in a process of its own, pages read the same of where it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from hypviz.finetune.describe import describe
from hypviz.finetune.folder import JobFolder
from hypviz.finetune.request import FinetuneRequest
from hypviz.jobs.progress import CANCELLED, DONE, FAILED, INTERRUPTED, QUEUED, RUNNING, STOPPED, JobProgress
from hypviz.jobs.thread import Job

FIELDS = set(JobProgress("id", "title", RUNNING).to_json())


@pytest.fixture
def folder(tmp_path: Path) -> JobFolder:
    """A training that is at half of its work."""
    folder = JobFolder(tmp_path / "abc")
    folder.create(FinetuneRequest("sets/cars", checkpoint="demo", title="Cars"))
    folder.write("state", {"state": RUNNING, "error": "The disk is full."})
    folder.write("status", {"what": "epoch 2 of 4", "share": 0.512345, "seconds": 12.5, "seconds_left": 11.0})
    return folder


def test_a_thread_and_a_training_are_told_alike(folder: JobFolder) -> None:
    job, training = Job("Judging", None).describe(), describe(folder, RUNNING, brief=True)
    assert job.keys() & training.keys() >= FIELDS
    assert training["share"] == 0.5123 and training["title"] == "Head only on Cars, from demo"
    assert (training["what"], training["seconds"], training["seconds_left"]) == ("epoch 2 of 4", 12.5, 11.0)


@pytest.mark.parametrize("state", [QUEUED, DONE, FAILED, CANCELLED, STOPPED, INTERRUPTED])
def test_what_does_not_run_has_no_time_left_and_only_a_failure_has_an_error(folder: JobFolder, state: str) -> None:
    training = describe(folder, state, brief=True)
    assert training["seconds_left"] is None and training["what"] == ""
    assert training["error"] == ("The disk is full." if state == FAILED else "")
    assert training["share"] == (1.0 if state == DONE else 0.5123)
