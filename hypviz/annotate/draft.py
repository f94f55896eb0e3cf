"""The draft of a workspace: its boxes while they are drawn, and the corrections of its hierarchy, in one COCO file.

`WS/annotations.json` is written whole after every change, so nothing is lost when a page or the server goes. The workspace itself
stays as it is until the draft is applied (`annotate.apply`). Any COCO reader can open the file; what only hypviz needs stands
under "hypviz", there and in the annotations.

The file is what counts, not what is in memory: several windows and several servers may draw on one workspace. Each change is made
alone (`changing`), to the file as it then is, and only when the picture has the version that the change was made from.
"""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from hypviz.annotate.boxes import Box, DrawnBox, boxes_of, checked_boxes
from hypviz.annotate.build import build_items
from hypviz.annotate.coco import WRITTEN_BY, own_part, read_document, to_coco
from hypviz.annotate.correction_record import CorrectionRecord, renamed
from hypviz.config import HierarchySettings, from_mapping
from hypviz.data.corrections import Correction, Outcome, correct
from hypviz.data.hierarchy import Hierarchy, build_hierarchy
from hypviz.data.items import Items
from hypviz.data.writers import annotated_set, coco_document
from hypviz.errors import ConflictError, DataError, SelectionError
from hypviz.storage.files import exclusive, file_stamp, write_file
from hypviz.storage.json_types import Json
from hypviz.workspace.meta import now, read_meta
from hypviz.workspace.store import Workspace

FILE = "annotations.json"


class Draft:
    """The boxes and corrections of one workspace; every change is on disk when the method returns. Hold `lock` to do several things.

    boxes: per picture.  versions: per picture, raised by every change.  changed: pictures that differ from the workspace.
    """

    def __init__(self, workspace: Workspace) -> None:
        if not workspace.meta.get("pictures", True):
            raise SelectionError(f"{workspace.name} has no pictures to draw on: it holds vectors only.")
        self.lock = threading.RLock()
        self._begin(workspace)

    def _begin(self, workspace: Workspace) -> None:
        """Take the workspace and what its draft's file says."""
        items, self.workspace = workspace.items, workspace
        self.boxes = [boxes_of(items, image) for image in range(len(items.images))]
        self.versions = [0] * len(items.images)
        self.changed: set[int] = set()
        self.records: list[CorrectionRecord] = []
        self.in_force: tuple[str, ...] = ()
        """Ids of the corrections that the workspace's hierarchy holds."""
        self._built: tuple[Items, dict[str, str], Hierarchy] | None = None
        self._seen = file_stamp(self.path)
        self._restore()

    def refresh(self) -> None:
        """Take over what another server has drawn or applied since."""
        with self.lock:
            if self.workspace.meta["stamp"] != read_meta(self.workspace.folder)["stamp"]:
                self._begin(Workspace.open(self.workspace.folder))
            elif file_stamp(self.path) != self._seen:
                self._begin(self.workspace)

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Alone with the draft, as it now is on disk: what is read and written in the block is one step for all threads and servers.

        BusyError when another one is at it for a minute.
        """
        with self.lock, exclusive(self.path):
            self.refresh()
            yield

    @property
    def path(self) -> Path:
        """The COCO file."""
        return self.workspace.folder / FILE

    @property
    def pending(self) -> int:
        """Changed pictures and corrections that the workspace does not know yet."""
        return len(self.changed) + len(set(self.in_force) ^ {one.id for one in self.records})

    def classes(self) -> list[Json]:
        """Labels with how many boxes have them, the most frequent first."""
        counts: dict[str, int] = {}
        for boxes in self.boxes:
            for box in boxes:
                counts[box.label] = counts.get(box.label, 0) + 1
        return [{"name": name, "count": counts[name]} for name in sorted(counts, key=lambda one: (-counts[one], one))]

    def picture(self, image: int) -> Json:
        """One picture with its boxes, for the page; SelectionError when there is none."""
        images = self.workspace.items.images
        if not 0 <= image < len(images):
            raise SelectionError(f"No picture {image} in this data set; it has {len(images)}, counted from 0.")
        return {
            "image": image,
            "name": str(images.file_name[image]),
            "width": int(images.width[image]),
            "height": int(images.height[image]),
            "scene": str(self.workspace.items.item_id[self.workspace.items.offsets[image]]),
            "version": self.versions[image],
            "boxes": [box.to_json() for box in self.boxes[image]],
        }

    def draw(self, image: int, version: int, drawn: Sequence[DrawnBox]) -> Json:
        """Replace the boxes of a picture; returns the picture. DataError for boxes that cannot be, and ConflictError when the
        picture was changed elsewhere since `version`."""
        with self.changing():
            boxes = self.check_boxes(image, version, drawn)
            before = self.boxes[image], self.versions[image], set(self.changed)
            self.boxes[image], self.versions[image] = boxes, self.versions[image] + 1
            same = boxes == boxes_of(self.workspace.items, image)
            (self.changed.discard if same else self.changed.add)(image)
            try:
                self.write()
            except BaseException:  # a full disk: memory must not say more than the file
                self.boxes[image], self.versions[image], self.changed = before
                raise
            self._built = None
            return self.picture(image)

    def check_boxes(self, image: int, version: int, drawn: Sequence[DrawnBox]) -> tuple[Box, ...]:
        """The boxes that `draw` would put on a picture; DataError as there."""
        shown = self.picture(image)
        if version != shown["version"]:
            raise ConflictError(f"{shown['name']} was changed in another window meanwhile; its boxes are shown as they are now.")
        former = [*boxes_of(self.workspace.items, image), *self.boxes[image]]
        return checked_boxes(drawn, former, (shown["width"], shown["height"]))

    # ---- corrections -------------------------------------------------------------------------------------------------

    def check(self, correction: Correction) -> CorrectionRecord:
        """What `add` would make; DataError with the reason when it contradicts the boxes or an earlier correction."""
        record = CorrectionRecord(uuid.uuid4().hex[:12], correction, (self._words(correction, "a"), self._words(correction, "b")), now())
        problem = self.corrected([*self.records, record])[1][-1].problem
        if problem:
            raise DataError(problem)
        return record

    def add(self, correction: Correction) -> CorrectionRecord:
        """Make a correction, see `check`."""
        with self.changing():
            record = self.check(correction)
            self._keep([*self.records, record])
            return record

    def remove(self, correction_id: str) -> None:
        """Undo a correction; SelectionError when there is none of this id."""
        with self.changing():
            left = [one for one in self.records if one.id != correction_id]
            if len(left) == len(self.records):
                raise SelectionError("This correction was undone already.")
            self._keep(left)

    def corrections(self) -> list[Json]:
        """All corrections with what they do: pairs added and removed, or why one is not in force."""
        with self.lock:
            outcomes = self.corrected(self.records)[1]
        effects = [{"added": one.added, "removed": one.removed, "problem": one.problem} for one in outcomes]
        return [{**record.to_json(), **does} for record, does in zip(self.records, effects, strict=True)]

    def corrected(self, records: list[CorrectionRecord]) -> tuple[Hierarchy, list[Outcome]]:
        """The hierarchy of the boxes as drawn now with these corrections, and what became of each."""
        items, ids, base = self.built()
        return correct(items, base, [renamed(one.correction, ids) for one in records])

    def built(self) -> tuple[Items, dict[str, str], Hierarchy]:
        """The items that the boxes make, the item id of every key, and the hierarchy of the boxes alone."""
        with self.lock:
            if self._built is None:
                items, ids = build_items(self.workspace.items, self.boxes)
                self._built = items, ids, build_hierarchy(items, self.settings)
            return self._built

    @property
    def settings(self) -> HierarchySettings:
        """Those the workspace's hierarchy was built with."""
        return from_mapping(HierarchySettings, self.workspace.meta["hierarchy"]["settings"])

    def _words(self, correction: Correction, end: str) -> str:
        name = str(getattr(correction, end))
        if correction.level == "class":
            return name
        items, ids, _ = self.built()
        row = items.rows_by_id.get(ids.get(name, name))
        if row is None:
            raise SelectionError("One of the two items is not in this data set; choose it again.")
        return f"{items.name(row)} in {items.images.file_name[items.image[row]]}"

    def _keep(self, records: list[CorrectionRecord]) -> None:
        before, self.records = self.records, records
        try:
            self.write()
        except BaseException:
            self.records = before
            raise

    def write(self) -> None:
        """Put the COCO file on disk, whole or not at all."""
        images = self.workspace.items.images
        corrections = {"corrections": [one.to_json() for one in self.records], "in_force": list(self.in_force)}
        extra = own_part(images, self.boxes, self.versions, self.changed) | corrections
        text = json.dumps(to_coco(self.workspace.name, self.workspace.items, self.boxes) | {"hypviz": extra}, ensure_ascii=False)
        write_file(self.path, lambda part: part.write_text(text, encoding="utf-8"))
        self._seen = file_stamp(self.path)

    def coco(self) -> Json:
        """The boxes as drawn now, as a COCO document, with their ids and the boxes they lie in by the hierarchy as it is corrected."""
        items, hierarchy = self.built()[0], self.corrected(self.records)[0]
        rows = np.arange(len(items))
        annotated = annotated_set(items, hierarchy, rows, name=self.workspace.name, about=WRITTEN_BY)
        return coco_document(annotated, description=self.workspace.name)

    def _restore(self) -> None:
        """Take over what the file says: the boxes of changed pictures, and all corrections."""
        stored = read_document(self.path, self.workspace.items)
        if stored is None:
            self._take_over()
            return
        for image, boxes in stored.boxes.items():
            self.boxes[image] = boxes
        for image, version in stored.versions.items():
            self.versions[image] = version
        self.changed = {image for image, boxes in stored.boxes.items() if boxes != boxes_of(self.workspace.items, image)}
        self.records, self.in_force = list(stored.records), stored.in_force

    def _take_over(self) -> None:
        """Begin with the corrections that the workspace was made with: what its files stated of the boxes."""
        for place, one in enumerate(self.workspace.meta.get("corrections") or ()):
            correction = Correction(one["kind"], one["level"], one["a"], one["b"])
            words = self._words(correction, "a"), self._words(correction, "b")
            self.records.append(CorrectionRecord(f"stated{place}", correction, words, self.workspace.meta["created"]))
        self.in_force = tuple(one.id for one in self.records)

    def renew(self, workspace: Workspace, ids: Mapping[str, str]) -> None:
        """Go on from a workspace that holds all of this draft; ids: the item id of every key."""
        self.workspace, self._built = workspace, None
        self.boxes = [tuple(replace(box, key=ids[box.key]) for box in boxes) for boxes in self.boxes]
        self.records = [replace(one, correction=renamed(one.correction, ids)) for one in self.records]
        self.changed, self.in_force = set(), tuple(one.id for one in self.records)
        self.versions = [version + 1 for version in self.versions]  # another window's keys are of yesterday
        self.write()
