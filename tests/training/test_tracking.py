"""Where the figures of a training go: TensorBoard's event files, read back as TensorBoard reads them, and services with one interface."""

from __future__ import annotations

import math
import struct
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tensorboardX.crc32c import crc32c
from tensorboardX.proto.event_pb2 import Event

from hypviz.errors import SettingsError
from hypviz.training.loop import Progress
from hypviz.training.tracking import figures_of, open_tracker, tracked
from hypviz.training.vitals import Vitals

NOW = Progress(3, 10, 0.5, 120.0, 9.0, {"part → object P@5": 0.25, "nothing": math.nan}, Vitals(0.4, 0.1, 1.2, 3.0, -0.1))


def masked(data: bytes) -> int:
    """The checksum that a TFRecord states for its bytes."""
    value = crc32c(data)
    return ((value >> 15 | value << 17) + 0xA282EAD8) & 0xFFFFFFFF


def read_events(folder: Path) -> dict[tuple[str, int], float]:
    """(name, step) → value of all event files of a folder: records of length, checksum, event, checksum."""
    found = {}
    for file in sorted(folder.glob("*tfevents*")):
        data, at = file.read_bytes(), 0
        while at < len(data):
            (length, checksum) = struct.unpack_from("<QI", data, at)
            assert checksum == masked(data[at : at + 8])
            record = data[at + 12 : at + 12 + length]
            assert struct.unpack_from("<I", data, at + 12 + length)[0] == masked(record)
            event = Event.FromString(record)
            found |= {(value.tag, event.step): value.simple_value for value in event.summary.value}
            at += 16 + length
    return found


def test_the_figures_of_a_step_are_the_finite_ones_under_their_own_names() -> None:
    assert figures_of(NOW) == {
        "loss": 0.5, "crops per second": 120.0, "part → object P@5": 0.25,
        "reach": 0.4, "spread": 0.1, "ext_down": 1.2, "ext_up": 3.0, "radial_gradient": -0.1,
    }  # fmt: skip
    assert figures_of(Progress(0, 10, math.nan, 0.0, math.nan)) == {"crops per second": 0.0}


def test_event_files_hold_every_step_and_a_resumed_run_goes_on_there(tmp_path: Path) -> None:
    for steps in ((1, 2), (3,)):
        with tracked("tensorboard", tmp_path, name="a run", settings={}) as track:
            for step in steps:
                track(Progress(step, 10, 1 / step, 1.0, 0.0, {"part → object P@5": step / 10}))
    found = read_events(tmp_path / "tensorboard")
    assert {key: value for key, value in found.items() if key[0] != "crops per second"} == pytest.approx(
        {("loss", step): 1 / step for step in (1, 2, 3)} | {("part → object P@5", step): step / 10 for step in (1, 2, 3)}, rel=1e-6
    )


def test_a_run_that_fails_is_closed_with_what_it_had(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), tracked("tensorboard", tmp_path, name="a run", settings={}) as track:
        track(NOW)
        raise ZeroDivisionError
    assert ("loss", 3) in read_events(tmp_path / "tensorboard")


@pytest.mark.parametrize("service", ["trackio", "wandb"])
def test_services_get_the_settings_once_and_the_figures_of_every_step(
    service: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    calls: list[tuple[Any, ...]] = []
    fake = SimpleNamespace(
        init=lambda **words: calls.append(("init", words)),
        log=lambda figures, step: calls.append(("log", step, figures)),
        finish=lambda: calls.append(("finish",)),
    )
    monkeypatch.setitem(sys.modules, service, fake)  # type: ignore[arg-type]
    with tracked(service, tmp_path, name="a run", settings={"lr": 0.1}) as track:
        track(NOW)
    assert calls == [
        ("init", {"project": "hypviz", "name": "a run", "config": {"lr": 0.1}}),
        ("log", 3, figures_of(NOW)),
        ("finish",),
    ]
    assert not list(tmp_path.iterdir())


def test_a_tracker_that_is_not_there_is_refused_in_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no tracker 'paper'; expected one of none, tensorboard, trackio, wandb"):
        open_tracker("paper", tmp_path, name="", settings={})
    for kind, package in (("tensorboard", "tensorboardX"), ("wandb", "wandb")):
        monkeypatch.setitem(sys.modules, package, None)  # type: ignore[arg-type]
        with pytest.raises(SettingsError, match=f"needs the package {package}: pip install {package}"):
            open_tracker(kind, tmp_path, name="", settings={})
    open_tracker("none", tmp_path, name="", settings={}).write(1, {"loss": 1.0})
    assert not list(tmp_path.iterdir())
