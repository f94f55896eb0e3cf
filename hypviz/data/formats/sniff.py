"""What a file is, by its content: which format's annotations, class names, or nothing that concerns pictures.

The name never decides. What looks like boxes or labels and is no format known here has the kind "unknown" and says what was seen,
so that a set which carries annotations is never taken for one without.
"""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from hypviz.data.formats.mentions import SUFFIXES
from hypviz.data.formats.sniff_json import boxish_keys, sniff_json, sniff_json_lines
from hypviz.data.formats.sniff_rows import NAME_STEMS, box_columns, sniff_csv, sniff_text
from hypviz.data.formats.table import table_of
from hypviz.data.formats.text import read_head
from hypviz.errors import DataError

UNKNOWN = "unknown"
_BINARY = frozenset(
    {".tfrecord", ".tfrecords", ".mat", ".pkl", ".pickle", ".h5", ".hdf5", ".npz", ".npy", ".xlsx", ".xls", ".db", ".sqlite"}
)
_ARCHIVES = frozenset({".zip", ".gz", ".tgz", ".tar", ".bz2", ".xz", ".7z", ".rar", ".zst"})
_HINT = re.compile(r"annot|label|bbox|boxes|ground.?truth|^gt|coco|instances|detections|classes", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Sign:
    """kind: a format of `detect.FORMATS`, "names", "unknown" or "" for what says nothing of boxes.  description: in words."""

    kind: str
    description: str = ""


def sniff(path: Path) -> Sign:
    """What a file that is no picture holds."""
    suffix = path.suffix.lower()
    if suffix in (".json", ".geojson"):
        return Sign(*sniff_json(path))
    if suffix in (".jsonl", ".ndjson", ".odgt"):
        return Sign(*sniff_json_lines(path))
    if suffix == ".xml":
        return _xml(path)
    if suffix in (".txt", ".labels", ".names", "") or suffix in SUFFIXES - {".csv", ".tsv"}:
        return _text(path, suffix)
    if suffix in (".csv", ".tsv"):
        return Sign(*sniff_csv(path))
    if suffix in (".yaml", ".yml"):
        return _yaml(path)
    if suffix == ".data":
        return Sign("yolo", "a darknet configuration") if re.search(r"^\s*names\s*=", read_head(path), re.MULTILINE) else Sign("")
    if suffix in (".parquet", ".arrow"):
        return _arrow(path)
    if suffix in _ARCHIVES:
        return _archive(path)
    if suffix in _BINARY and (suffix.startswith(".tfrecord") or _HINT.search(path.stem)):
        return Sign(UNKNOWN, f"a {suffix} file that may hold annotations")
    return Sign("")


def _text(path: Path, suffix: str) -> Sign:
    """A text file, which may be JSON, XML or a table under another ending."""
    head = read_head(path)
    start = head.lstrip()[:1]
    if start in ("{", "["):
        sign = Sign(*(sniff_json_lines(path) if _is_lines(head) else sniff_json(path)))
        if sign.kind and not sign.kind.startswith("broken"):
            return sign
    if start == "<":
        return _xml(path)
    if suffix == "":
        return Sign("")
    kind, description = sniff_text(head)
    if suffix in (".labels", ".names") or path.stem.lower() in NAME_STEMS:
        return Sign(kind, description) if kind else Sign("names")
    if kind or head.count("\n") < 1:
        return Sign(kind, description)
    table = Sign(*sniff_csv(path))
    return table if table.kind == "csv" and _is_table(head) else Sign("")


def _is_lines(head: str) -> bool:
    """Whether a text begins with one whole object a line."""
    lines = head.splitlines()
    return len(lines) > 1 and lines[0].startswith("{") and lines[0].rstrip().endswith("}") and lines[1].startswith("{")


def _is_table(head: str) -> bool:
    """Whether the first lines of a text all have the same number of cells, three at least."""
    table = table_of(head)
    counts = [line.count(table.delimiter) for line in table.text.splitlines()[:20] if line.strip()]
    return len(counts) > 1 and counts[0] >= 2 and all(count == counts[0] for count in counts[:-1])


def _archive(path: Path) -> Sign:
    """An archive among the pictures, which may hold what belongs to them."""
    packed = f"an archive ({path.suffix}), which is not unpacked"
    if path.suffix.lower() == ".zip":
        try:
            with zipfile.ZipFile(path) as archive:
                names = archive.namelist()
        except (OSError, zipfile.BadZipFile):
            names = []
        if any(name.lower().endswith((".json", ".xml", ".csv", ".jsonl", ".txt", ".parquet")) for name in names):
            return Sign(UNKNOWN, packed)
    return Sign(UNKNOWN, packed) if _HINT.search(path.name) else Sign("")


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
    return Sign("" if tag else "broken xml")


def _yaml(path: Path) -> Sign:
    from hypviz.data.formats.yaml_text import read_yaml

    try:
        content = read_yaml(path)
    except DataError:
        head = read_head(path)
        says = re.search(r"^\s*names\s*:", head, re.MULTILINE) and re.search(r"^\s*(path|train|val|test|nc)\s*:", head, re.MULTILINE)
        return Sign("yolo", "a YAML configuration") if says else Sign("")
    named = isinstance(content.get("names"), list | dict) or ("names" in content and ("train" in content or "val" in content))
    return Sign("yolo", "a YAML configuration") if named else Sign("")


def _arrow(path: Path) -> Sign:
    beside = path.parent
    if (beside / "meta.json").is_file() and (beside / "items.parquet").is_file():
        return Sign("")  # a workspace of this project
    if path.suffix == ".arrow":
        return Sign("hf") if (beside / "state.json").is_file() else Sign(UNKNOWN, "an Arrow file")
    columns = _columns(path)
    if columns is None:
        return Sign(UNKNOWN, "a Parquet file that cannot be read")
    if any(binary for _, binary in columns):
        return Sign("hf", PurePosixPath(path.name).as_posix())
    names = [name for name, _ in columns]
    if boxish_keys([dict.fromkeys(names, 0)]) or box_columns(names)[0] or "file_name" in names:
        return Sign(UNKNOWN, f"a Parquet file without pictures, with the columns {', '.join(names)[:100]}")
    return Sign("")


def _columns(path: Path) -> list[tuple[str, bool]] | None:
    """Each column's name, and whether there are bytes in it, as pictures are; None for a file that is no Parquet."""
    import pyarrow as pa
    import pyarrow.parquet as parquet

    try:
        schema = parquet.read_schema(path)
    except (OSError, pa.ArrowException):
        return None
    return [(field.name, "binary" in str(field.type) or b"Image" in (schema.metadata or {}).get(b"huggingface", b"")) for field in schema]
