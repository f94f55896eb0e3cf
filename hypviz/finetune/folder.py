"""The files of one training: what was asked, where it stands, what it learned. All that a server needs to go on after it was killed.

ID/job.json        what was asked (`FinetuneRequest`), written once
ID/state.json      the server's word on it: queued, running, kept as…
ID/plan.json       the settings it resolved to, and the split, written by the first run
ID/start.*         the encoder it starts from, with its card
ID/state.pt        the resumable state, renewed after every epoch
ID/status.json     a few numbers, renewed about once a second while it runs
ID/history.json    the metrics of every epoch
ID/live.csv        step, loss: a line each
ID/frames/N.bin    the disk after epoch N; 0 is before
ID/best.*          the result, with its card
ID/outcome.json    how the last run ended
ID/wish.json       what another server than the one in charge wishes for it: finish, pause, cancel
ID/lock            held by the process that works on it
ID/log.txt         what the process wrote
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from hypviz.config import from_mapping
from hypviz.errors import SelectionError, StorageError
from hypviz.finetune.request import FinetuneRequest
from hypviz.storage.files import write_file
from hypviz.storage.home import trainings
from hypviz.storage.json_types import Json


class JobFolder:
    """One training's folder; every JSON file is the old or the new one, never half."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def find(cls, name: str) -> JobFolder:
        """The folder of a training's id; SelectionError when there is none."""
        path = trainings() / name
        if not name.isalnum() or not (path / "job.json").is_file():
            raise SelectionError(f"There is no training {name!r} here; it may have been removed.")
        return cls(path)

    @property
    def id(self) -> str:
        """The training's id."""
        return self.path.name

    @property
    def lock(self) -> Path:
        """The file that whoever works on it holds."""
        return self.path / "lock"

    @property
    def job(self) -> FinetuneRequest:
        """What was asked."""
        return from_mapping(FinetuneRequest, self.read("job"))

    def create(self, job: FinetuneRequest) -> None:
        """Make the folder of a new training."""
        self.path.mkdir(parents=True)
        self.write("job", asdict(job))

    def read(self, name: str) -> Json:
        """The content of NAME.json; empty when it is not there or cannot be read."""
        try:
            content = json.loads((self.path / f"{name}.json").read_bytes())
        except (OSError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}

    def write(self, name: str, content: Json) -> None:
        """Renew NAME.json. A number that is none (NaN) is written as null."""
        text = json.dumps(_finite(content), ensure_ascii=False)
        write_file(self.path / f"{name}.json", lambda part: part.write_text(text, encoding="utf-8"))

    def forget(self, name: str) -> None:
        """Remove NAME.json, if it is there."""
        (self.path / f"{name}.json").unlink(missing_ok=True)

    def history(self) -> list[Json]:
        """The metrics of every epoch so far, that of the start first."""
        return list(self.read("history").get("epochs", []))

    def live(self, since: int) -> list[tuple[int, float]]:
        """(step, loss) of the steps after `since`; the last telling of a step counts."""
        try:
            lines = (self.path / "live.csv").read_text(encoding="ascii").splitlines()
        except OSError:
            return []
        losses: dict[int, float] = {}
        for line in lines:
            step, _, loss = line.partition(",")
            if step.isascii() and step.isdigit() and loss and int(step) > since:  # a line may be half written
                losses[int(step)] = float(loss)
        return sorted(losses.items())

    def tell_loss(self, step: int, loss: float) -> None:
        """Add a step to what `live` reads."""
        with (self.path / "live.csv").open("a", encoding="ascii") as file:
            file.write(f"{step},{loss:.5g}\n")

    def frame(self, epoch: int) -> Path:
        """The file of the disk after an epoch."""
        return self.path / "frames" / f"{epoch}.bin"

    def frames(self) -> int:
        """How many frames there are without a gap from 0 on."""
        count = 0
        while self.frame(count).is_file():
            count += 1
        return count

    @property
    def resumable(self) -> bool:
        """Whether a new run goes on from a state on disk."""
        return (self.path / "state.pt").is_file()


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(each) for each in value]
    return value


def check_writable(folder: Path) -> None:
    """Raise StorageError unless trainings can be kept in a folder, which is made when it is not there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise StorageError(  # to the page: it does not say where on the server that is
            f"The home folder of the server cannot be written to ({error.strerror}); whoever runs it has to make room, "
            "or set HYPVIZ_HOME to another one."
        ) from None
