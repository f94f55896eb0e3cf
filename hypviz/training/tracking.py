"""A training followed where people look: its figures as TensorBoard event files, or in Trackio or Weights & Biases.

What is written is what the page's charts are drawn from: the loss and the radii, angles and spread of every step, and after a
validation its metrics under the names they have in the tables.
"""

from __future__ import annotations

import importlib
import math
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from hypviz.errors import SettingsError

if TYPE_CHECKING:
    from hypviz.training.loop import Progress

TRACKERS = ("none", "tensorboard", "trackio", "wandb")
PROJECT = "hypviz"
"""Name of the project under which runs stand in Trackio and Weights & Biases."""


class Tracker(Protocol):
    """Where figures go."""

    def write(self, step: int, figures: Mapping[str, float]) -> None:
        """The figures of a step; a step may be written more than once, each time with other names."""

    def close(self) -> None:
        """Everything is written when this returns."""


def open_tracker(kind: str, folder: Path, *, name: str, settings: Mapping[str, Any]) -> Tracker:
    """A tracker of one run.

    kind: one of TRACKERS.  folder: of the run; event files of TensorBoard go into its folder `tensorboard`, and a run that is resumed goes
    on there.  name, settings: how the run is called, and what it was asked, for the trackers that show it.
    SettingsError for another kind, or when its package is not installed.
    """
    if kind == "none":
        return _Nowhere()
    if kind == "tensorboard":
        _package(kind, "tensorboardX")
        return _EventFiles(folder / "tensorboard")
    if kind in TRACKERS:
        run = _package(kind, kind)
        run.init(project=PROJECT, name=name, config=dict(settings))
        return _Service(run)
    raise SettingsError(f"There is no tracker {kind!r}; expected one of {', '.join(TRACKERS)}.")


@contextmanager
def tracked(kind: str, folder: Path, *, name: str, settings: Mapping[str, Any]) -> Iterator[Callable[[Progress], None]]:
    """A listener for `training.loop.train`, whose figures are written to a tracker (see `open_tracker`) that is closed at the end."""
    tracker = open_tracker(kind, folder, name=name, settings=settings)
    try:
        yield lambda now: tracker.write(now.step, figures_of(now))
    finally:
        tracker.close()


def figures_of(now: Progress) -> dict[str, float]:
    """The finite figures of a step: loss, speed, vitals, and the metrics after a validation."""
    figures = {"loss": now.loss, "crops per second": now.crops_per_second}
    figures |= now.vitals.to_json() if now.vitals else {}
    return {name: float(value) for name, value in (figures | now.metrics).items() if math.isfinite(value)}


def _package(kind: str, module: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError:
        raise SettingsError(f"Tracking by {kind} needs the package {module}: pip install {module}, or choose another tracker.") from None


class _Nowhere:
    def write(self, step: int, figures: Mapping[str, float]) -> None:
        pass

    def close(self) -> None:
        pass


class _EventFiles:
    """TensorBoard's files, by tensorboardX, which needs no TensorBoard. Its own `add_scalar` would spell the names of metrics anew."""

    def __init__(self, folder: Path) -> None:
        from tensorboardX.event_file_writer import EventFileWriter

        # a file's name has its second in it: without more, a run that is resumed at once would write over the first one's
        self._writer = EventFileWriter(str(folder), filename_suffix=f".{os.getpid()}.{time.monotonic_ns()}")

    def write(self, step: int, figures: Mapping[str, float]) -> None:
        from tensorboardX.proto.event_pb2 import Event
        from tensorboardX.proto.summary_pb2 import Summary

        values = [Summary.Value(tag=name, simple_value=value) for name, value in figures.items()]
        self._writer.add_event(Event(wall_time=time.time(), step=step, summary=Summary(value=values)))

    def close(self) -> None:
        self._writer.close()


class _Service:
    """Trackio and Weights & Biases: modules with one interface."""

    def __init__(self, run: Any) -> None:
        self._run = run

    def write(self, step: int, figures: Mapping[str, float]) -> None:
        self._run.log(dict(figures), step=step)

    def close(self) -> None:
        self._run.finish()
