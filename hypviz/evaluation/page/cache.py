"""Finished evaluations on disk: WS/evaluations/KEY/{facts.json, record.json, arrays.npz}, all whole or all absent.

KEY names the source's embedding, the writing of the data and the settings; whatever changes, an old one is not found.
A workspace that cannot be written to keeps them elsewhere (`hypviz.storage.keeping`).
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile
from zlib import error as ZlibError

import numpy as np

from hypviz.config import to_mapping
from hypviz.data.taxonomy import version_of
from hypviz.evaluation import EvaluateSettings, Evaluation
from hypviz.evaluation.page.records import from_record, to_record
from hypviz.evaluation.page.sources import Source
from hypviz.evaluation.report import SCHEMA as REPORT_SCHEMA
from hypviz.storage.files import write_folder
from hypviz.storage.keeping import find, keep, places
from hypviz.workspace.class_trees import text_of
from hypviz.workspace.store import Workspace

log = logging.getLogger(__name__)
SCHEMA = 2
"""Raised whenever older files could be misread, or were computed in another way."""
FOLDER = "evaluations"
FACTS, RECORD = "facts.json", "record.json"
"""What an evaluation is of, small enough to be read at every question where it stands; and the evaluation."""


@dataclass(frozen=True, eq=False)
class CachedResult:
    """An evaluation with how it came about: the source's name, seconds it took and when it was finished (UTC)."""

    source: str
    evaluation: Evaluation
    seconds: float
    created: str


class ResultCache:
    """The finished evaluations of one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    def has(self, source: Source, settings: EvaluateSettings) -> bool:
        """Whether `load` would find an evaluation; a damaged one is found out only there."""
        return (self._place(source, settings) / FACTS).is_file()

    def load(self, source: Source, settings: EvaluateSettings) -> CachedResult | None:
        """The evaluation of exactly this source, data and settings; None when there is none that can be read."""
        return self._read(self._place(source, settings))

    def store(self, source: Source, settings: EvaluateSettings, result: CachedResult) -> None:
        """Keep an evaluation, and let go of those it replaces: of the same name and settings, of other data or weights."""
        arrays: dict[str, np.ndarray] = {}
        contents = {RECORD: to_record(result, arrays), FACTS: self._facts(source, settings)}

        def write(place: Path) -> None:
            with write_folder(place) as part:
                for name, content in contents.items():
                    (part / name).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
                np.savez_compressed(part / "arrays.npz", allow_pickle=False, **arrays)

        if keep(self.workspace.folder, self._name(source, settings), write):
            for old in self._outdated(source, settings):
                shutil.rmtree(old, ignore_errors=True)

    def stale(self, source: Source, settings: EvaluateSettings) -> str | None:
        """What has changed since an evaluation of this name and settings was kept, in words; None without one."""
        for place in self._outdated(source, settings):
            facts, now = _read_facts(place), self._facts(source, settings)
            names = {"key": "the checkpoint", "stamp": "the data", "retrieval": "how its answers are found", "class_tree": "the class tree"}
            changed = next((name for key, name in names.items() if facts.get(key) != now.get(key)), "the way hypviz measures")
            return f"An evaluation of {source.name} was kept, but {changed} has changed since."
        return None

    def _place(self, source: Source, settings: EvaluateSettings) -> Path:
        return find(self.workspace.folder, self._name(source, settings), has=FACTS)

    def _name(self, source: Source, settings: EvaluateSettings) -> str:
        facts = json.dumps([SCHEMA, REPORT_SCHEMA, self._facts(source, settings)], sort_keys=True)
        return f"{FOLDER}/{source.key}-{hashlib.sha256(facts.encode()).hexdigest()[:16]}"

    def _facts(self, source: Source, settings: EvaluateSettings) -> dict[str, Any]:
        stamp = str(self.workspace.meta["stamp"])
        meaning = to_mapping(source.answers) if source.answers else None
        facts = {"name": source.name, "key": source.key, "stamp": stamp, "retrieval": meaning, "settings": to_mapping(settings)}
        tree = version_of(text_of(self.workspace.folder))
        facts |= {"class_tree": tree} if tree else {}
        read: dict[str, Any] = json.loads(json.dumps(facts))  # as it is read back, to compare with that
        return read

    def _outdated(self, source: Source, settings: EvaluateSettings) -> list[Path]:
        facts = self._facts(source, settings)
        same = ("name", "settings")
        return [
            path.parent
            for place in places(self.workspace.folder)
            for path in sorted((place / FOLDER).glob(f"*/{FACTS}"))
            if path.parent != self._place(source, settings) and all(_read_facts(path.parent).get(key) == facts[key] for key in same)
        ]

    @staticmethod
    def _read(place: Path) -> CachedResult | None:
        if not place.is_dir():
            return None
        try:
            with np.load(place / "arrays.npz", allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            return from_record(CachedResult, json.loads((place / RECORD).read_bytes()), arrays)
        except (OSError, EOFError, ValueError, KeyError, TypeError, BadZipFile, ZlibError) as error:
            log.warning("%s is damaged (%s): the evaluation has to be run again", place, error)
            return None


def _read_facts(place: Path) -> dict[str, Any]:
    """What an evaluation is of; empty when that cannot be read."""
    try:
        facts = json.loads((place / FACTS).read_bytes())
    except (OSError, ValueError):
        return {}
    return facts if isinstance(facts, dict) and facts.keys() >= {"name", "key", "stamp", "settings"} else {}
