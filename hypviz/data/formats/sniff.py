"""What a file is, by its content: which format's annotations, class names, or nothing that concerns pictures.

The name never decides. What looks like boxes or labels and is no format known here has the kind "unknown" and says what was seen,
so that a set which carries annotations is never taken for one without.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from hypviz.data.formats.sniff_json import sniff_json, sniff_json_lines
from hypviz.data.formats.sniff_rows import NAME_STEMS, sniff_csv, sniff_text
from hypviz.data.formats.text import read_head
from hypviz.errors import DataError

UNKNOWN = "unknown"
_BINARY = frozenset(
    {".tfrecord", ".tfrecords", ".mat", ".pkl", ".pickle", ".h5", ".hdf5", ".npz", ".npy", ".xlsx", ".xls", ".db", ".sqlite"}
)
_HINT = re.compile(r"annot|label|bbox|boxes|ground.?truth|^gt|coco|instances|detections|classes", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Sign:
    """kind: a format of `detect.FORMATS`, "names", "unknown" or "" for what says nothing of boxes.  seen: in words."""

    kind: str
    seen: str = ""


def sniff(path: Path) -> Sign:
    """What a file that is no picture holds."""
    suffix = path.suffix.lower()
    if suffix in (".json", ".geojson"):
        return Sign(*sniff_json(path))
    if suffix in (".jsonl", ".ndjson", ".odgt"):
        return Sign(*sniff_json_lines(path))
    if suffix == ".xml":
        return _xml(path)
    if suffix in (".txt", ".labels", ".names", ""):
        return _text(path, suffix)
    if suffix in (".csv", ".tsv"):
        return Sign(*sniff_csv(path))
    if suffix in (".yaml", ".yml"):
        return _yaml(path)
    if suffix == ".data":
        return Sign("yolo", "a darknet configuration") if re.search(r"^\s*names\s*=", read_head(path), re.MULTILINE) else Sign("")
    if suffix in (".parquet", ".arrow"):
        return _arrow(path)
    if suffix in _BINARY and (suffix.startswith(".tfrecord") or _HINT.search(path.stem)):
        return Sign(UNKNOWN, f"a {suffix} file that may hold annotations")
    return Sign("")


def _text(path: Path, suffix: str) -> Sign:
    if suffix == "":
        return Sign("")
    kind, seen = sniff_text(read_head(path))
    named = suffix in (".labels", ".names") or path.stem.lower() in NAME_STEMS
    return Sign("names") if named and not kind else Sign(kind, seen)


def _xml(path: Path) -> Sign:
    head = read_head(path)
    root = re.search(r"<([A-Za-z_][\w.:-]*)", re.sub(r"<\?.*?\?>|<!--.*?-->|<!\w[^>]*(\[[^\]]*\]\s*)?>", "", head, flags=re.DOTALL))
    tag = root[1] if root else ""
    if tag == "annotation":
        return Sign("voc")
    if tag == "annotations" and re.search(r"<(image|track|meta|version)\b", head):
        return Sign("cvat")
    if re.search(r"<(bndbox|box|bbox|object|polygon|rect)\b", head, re.IGNORECASE):
        return Sign(UNKNOWN, f"XML of <{tag}>, neither VOC's nor CVAT's")
    return Sign("voc") if not tag and head.strip().startswith("<annotation") else Sign("broken xml" if not tag or not head.strip() else "")


def _yaml(path: Path) -> Sign:
    from hypviz.data.formats.yaml_text import read_yaml

    try:
        content = read_yaml(path)
    except DataError:
        head = read_head(path)
        says = re.search(r"^\s*names\s*:", head, re.MULTILINE) and re.search(r"^\s*(path|train|val|test|nc)\s*:", head, re.MULTILINE)
        return Sign("yolo", "a YAML configuration") if says else Sign("")
    names = content.get("names")
    return Sign("yolo", "a YAML configuration") if isinstance(names, list | dict) else Sign("")


def _arrow(path: Path) -> Sign:
    beside = path.parent
    if (beside / "meta.json").is_file() and (beside / "items.parquet").is_file():
        return Sign("")  # a workspace of this project
    if path.suffix == ".arrow":
        return Sign("hf") if (beside / "state.json").is_file() else Sign(UNKNOWN, "an Arrow file")
    return Sign("hf", PurePosixPath(path.name).as_posix())
