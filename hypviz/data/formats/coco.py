"""COCO JSON (https://cocodataset.org/#format-data) and its relatives: Roboflow's `_annotations.coco.json`, LVIS, panoptic files.

A box is `bbox` = [x, y, width, height] in pixels, 0-based, as floats (`coco_boxes`; other conventions: `convention`). Crowd annotations
are left out: they outline a group, not an object. Whatever is left out is counted; a file that is not COCO at all raises.

LVIS v1 has no `file_name` but a `coco_url`; v0.5 has names of COCO 2014 for files that COCO 2017 calls otherwise. So a
picture that has a `coco_url` is also looked for as that ends: "train2017/000000391895.jpg", "000000391895.jpg". LVIS's
lists of classes that are not in a picture, or not annotated to the last one, make no box.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from hypviz.data.formats.coco_boxes import Categories, Record, add_boxes, holds_boxes, key_of
from hypviz.data.formats.drafts import Draft, Source, settle, stated_size
from hypviz.data.formats.entries import Entry, ReaderResult, build, match_of
from hypviz.data.formats.places import data_name, source_of
from hypviz.data.formats.text import load_json
from hypviz.data.raw import DropCounter, RawDataset, storable
from hypviz.errors import DataError


def read_coco(annotations: Path | str | Sequence[Path | str], images: Path | str | None = None) -> RawDataset:
    """Read one annotation file, or several (splits) as one data set.

    `images` is the folder with the pictures; without it the usual places near the files are tried. Raises DataError
    for files that are not COCO, and when no picture is found.
    """
    paths = [Path(annotations)] if isinstance(annotations, str | Path) else [Path(path) for path in annotations]
    source, files = source_of(paths, None if images is None else Path(images))
    result = read_coco_files(source, files)
    named = paths[0] if len(paths) == 1 else source.root
    return build(result, source.pictures, source.picture_root, name=data_name(source.root, paths), dropped=source.dropped, source=named)


@dataclass
class _Document:
    """An annotation file: its pictures in order, whether it has boxes at all, which pictures it means (where other files may mean the
    same), and what of it was left out.
    """

    file: str
    entries: list[Entry]
    with_boxes: bool
    pictures: frozenset[str]
    dropped: DropCounter

    def used(self) -> set[str]:
        """The classes of its boxes."""
        return {box.label for entry in self.entries for box in entry.load()}


def read_coco_files(source: Source, files: Sequence[str]) -> ReaderResult:
    """The pictures of COCO files. Of files about the same pictures the one called `instances…` counts, the others are counted.

    Raises DataError for a single file that is not COCO, and for two with boxes of the same classes in the same pictures.
    """
    documents = []
    for file in files:
        try:
            documents.append(_read(source, file, alone=len(files) == 1))
        except DataError as error:
            if len(files) == 1:
                raise
            source.dropped.file("unreadable annotation file", f"{file}: {str(error).partition(': ')[2]}")
    chosen = _chosen(documents, source)
    for document in chosen:
        source.dropped.take(document.dropped)
    return ReaderResult([entry for document in chosen for entry in document.entries], {document.file for document in chosen})


def _chosen(documents: list[_Document], source: Source) -> list[_Document]:
    """The documents to read, in the order of their names; the others are counted."""
    order = sorted(documents, key=lambda each: (not PurePosixPath(each.file).name.startswith("instances"), not each.with_boxes, each.file))
    chosen: list[_Document] = []
    for document in order:
        rival = next((each for each in chosen if document.pictures and document.pictures <= each.pictures), None)
        covered = document.pictures and document.pictures <= frozenset().union(*(each.pictures for each in chosen))
        official = any(PurePosixPath(each.file).name.startswith("instances") for each in chosen)
        if covered and (official or (not document.with_boxes and any(each.with_boxes for each in chosen))):
            source.dropped.file("its pictures are those of another file", document.file)
            continue
        if rival is not None:
            _refuse_rivals(rival, document, source)
        chosen.append(document)
    return sorted(chosen, key=lambda each: each.file)


def _refuse_rivals(first: _Document, second: _Document, source: Source) -> None:
    """DataError for two files that may say the same of the same pictures twice; files of different classes are joined."""
    one, two = first.used(), second.used()
    if one and two and not one & two:
        return
    name = second.entries[0].names[0]
    same = next((entry for entry in first.entries if entry.names[0] == name), first.entries[0])
    raise DataError(
        f"{source.path(second.file)}: {storable(name)} is listed twice, as {_short(same)} and as {_short(second.entries[0])}, like every "
        "picture of the file; keep one of the two files, or choose one by --annotations."
    )


def _short(entry: Entry) -> str:
    return entry.record.replace(": ", " ", 1)


def _read(source: Source, file: str, *, alone: bool) -> _Document:
    source = replace(source, dropped=DropCounter())  # what a file loses counts only if the file is chosen
    path, name = source.path(file), PurePosixPath(file).name
    content = _content(path, source)
    images = _list(content, "images", path)
    drafts, twice = _drafts(images, file, path, _licences(content), source)
    annotations = _list(content, "annotations", path)
    categories = Categories(_list(content, "categories", path), name, source.dropped, numbered=bool(annotations))
    add_boxes(annotations, drafts, twice, categories, name, source.dropped)
    if "annotations" not in content:
        source.dropped.note(f"{file} has no annotations: its {len(drafts)} pictures have no boxes")
    entries = settle(list(drafts.values()), source, file, ("xywh", "xyxy"))
    places = () if alone else (match_of(entry, source.pictures).picture or entry.names[0] for entry in entries)
    return _Document(file, entries, holds_boxes(annotations), frozenset(places), source.dropped)


def _content(path: Path, source: Source) -> Record:
    content = load_json(path, source.dropped)
    fits = isinstance(content, dict) and "images" in content and ("annotations" in content or "categories" in content)
    if not fits:
        keys = ", ".join(map(str, list(content)[:6])) if isinstance(content, dict) else type(content).__name__
        raise DataError(f"{path}: not a COCO file: expected the keys images, annotations, categories; found {keys}.")
    return dict(content)


def _list(content: Record, key: str, path: Path) -> list[Any]:
    records = content.get(key, [])
    if not isinstance(records, list):
        raise DataError(f"{path}: {key} must be a list, got {type(records).__name__}.")
    return records


def _drafts(images: list[Any], file: str, path: Path, licences: dict[str, str], source: Source) -> tuple[dict[str, Draft], Counter[str]]:
    """A draft per picture by its id; ids that two pictures have. DataError when no record can be used."""
    drafts: dict[str, Draft] = {}
    twice: Counter[str] = Counter()
    first = ""
    for index, image in enumerate(images):
        wrong = _wrong(image, index)
        if wrong:
            first = first or wrong
            source.dropped.image("unusable record", f"{PurePosixPath(file).name}: {wrong}", boxes=0)
            continue
        key = key_of(image["id"]) or ""
        draft = _draft(image, file, licences)
        if key not in drafts:
            drafts[key] = draft
        elif drafts[key].names == draft.names:
            source.dropped.image("picture listed twice", f"{draft.record} twice", boxes=0)
        else:
            twice[key] += 1
            drafts[f"{key} again {twice[key]}"] = draft
            source.dropped.other("image id listed twice", f"{draft.record}: {drafts[key].names[0]} and {draft.names[0]}")
    if first and not drafts:
        raise DataError(f"{path}: {first}; none of {len(images)} images can be used.")
    return drafts, twice


def _wrong(image: Any, index: int) -> str:
    """What makes an image's record useless; "" when nothing does."""
    if not isinstance(image, dict):
        return f"images[{index}] must be an object, got {type(image).__name__}"
    where = f"image {image.get('id', f'number {index}')!s:.60}"
    if "id" not in image:
        return f"{where} has no id; expected an integer or a string"
    if key_of(image["id"]) is None:
        return f"{where}: id must be an integer or a string, got {image['id']!r:.60}"
    key = "coco_url" if image.get("file_name") is None and "coco_url" in image else "file_name"
    if key not in image:
        return f"{where} has no file_name; expected a string"
    if not isinstance(image[key], str) or not image[key]:
        return f"{where}: {key} must be a string, got {image[key]!r:.60}"
    return ""


def _draft(image: Record, file: str, licences: dict[str, str]) -> Draft:
    url = image.get("coco_url")
    ends = url.split("/")[-2:] if isinstance(url, str) and url else []
    names = [image.get("file_name"), "/".join(ends), ends[-1] if ends else ""]
    where = f"{PurePosixPath(file).name}: image {image['id']!s:.60}"
    stated = tuple(dict.fromkeys(name for name in names if name))
    return Draft(stated, file, where, size=stated_size(image.get("width"), image.get("height")), licence=_licence(image, licences))


def _licences(content: Record) -> dict[str, str]:
    table = content.get("licenses")
    entries = [entry for entry in table if isinstance(entry, dict)] if isinstance(table, list) else []
    return {key: storable(str(entry.get("name") or entry.get("url") or "")) for entry in entries if (key := key_of(entry.get("id")))}


def _licence(image: Record, table: dict[str, str]) -> str:
    value = image.get("license")
    key = key_of(value)
    if key in table:
        return table[key or ""]
    return storable(value) if isinstance(value, str) else ""
