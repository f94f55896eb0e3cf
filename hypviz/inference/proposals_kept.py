"""What was found of a data set's proposals so far: a line a picture, so that a run that was stopped or killed goes on where it was."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, MutableMapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hypviz.errors import WorkspaceError
from hypviz.inference.objectness import SHIPPED
from hypviz.storage.keeping import find, keep
from hypviz.workspace.store import Workspace

if TYPE_CHECKING:
    from hypviz.inference.propose import ProposalSettings

FOLDER = "proposals"
Boxes = NDArray[np.float64]


def proposals_key(workspace: Workspace, checkpoint_hash: str, settings: ProposalSettings, *, everywhere: bool = False) -> str:
    """Names the proposals for a workspace as it is now: another for other pictures, boxes, checkpoint, settings, or learned objects."""
    learned = hashlib.sha256(SHIPPED.read_bytes() if SHIPPED.is_file() else b"").hexdigest()
    text = json.dumps([workspace.items.data_hash, checkpoint_hash, asdict(settings), everywhere, learned])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class KeptProposals(MutableMapping[int, Boxes]):
    """Boxes (n, 4) by image of a workspace as it is now, for one checkpoint and settings; what is put in is on disk, see `keeping`."""

    def __init__(self, workspace: Workspace, checkpoint_hash: str, settings: ProposalSettings, *, everywhere: bool = False) -> None:
        self.folder = workspace.folder
        self._file = f"{FOLDER}/{proposals_key(workspace, checkpoint_hash, settings, everywhere=everywhere)}.jsonl"
        self._boxes = dict(_read(find(self.folder, self._file), len(workspace.items.images)))

    def __getitem__(self, image: int) -> Boxes:
        return self._boxes[image]

    def __setitem__(self, image: int, boxes: Boxes) -> None:
        if not (self.folder / "meta.json").is_file():
            raise WorkspaceError(f"The set {self.folder.name} was removed meanwhile, so no boxes are proposed for it any more.")
        self._boxes[image] = boxes
        line = json.dumps({"image": image, "boxes": np.asarray(boxes, np.float64).tolist()})
        keep(self.folder, self._file, lambda path: _append(path, line))

    def __delitem__(self, image: int) -> None:
        del self._boxes[image]

    def __iter__(self) -> Iterator[int]:
        return iter(self._boxes)

    def __len__(self) -> int:
        return len(self._boxes)

    def forget(self) -> None:
        """Remove the file: what it says is in a workspace now."""
        file = find(self.folder, self._file)
        file.unlink(missing_ok=True)
        if file.parent.is_dir() and not any(file.parent.iterdir()):
            file.parent.rmdir()


def _append(path: Path, line: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="ascii") as file:
        file.write(f"\n{line}\n")  # a line that a killed process left half is not gone on with


def _read(path: Path, images: int) -> Iterator[tuple[int, Boxes]]:
    """What the whole lines of a file say; nothing where there is none."""
    try:
        lines = path.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return
    for line in filter(None, lines):
        try:
            said = json.loads(line)
            image, boxes = int(said["image"]), np.asarray(said["boxes"], np.float64).reshape(-1, 4)
        except (ValueError, KeyError, TypeError):
            continue
        if 0 <= image < images and np.isfinite(boxes).all():
            yield image, boxes
