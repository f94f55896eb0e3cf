"""Pascal VOC XML (http://host.robots.ox.ac.uk/pascal/VOC/voc2012/devkit_doc.pdf), one file per picture.

VOC counts pixels from 1 and includes the last one: a box becomes (xmin − 1, ymin − 1, xmax, ymax), so a box of the
whole picture is exactly the picture. Many tools write 0-based files instead; the difference is one pixel, and a box
that starts at 0 then sticks out by it and is clipped. Coordinates may be fractions. A `<part>` (head, hand…) becomes a
box of its own. A file that is no VOC XML is counted, not fatal: one of thousands must not stop an import.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path, PurePath

from hypviz.data.formats.locate import clean_name, data_name, image_folders_in, image_folders_near, locate_images
from hypviz.data.pictures import is_picture_name
from hypviz.data.raw import MAX_SIDE, DropCounter, RawBox, RawDataset, RawImage
from hypviz.errors import DataError


def read_voc(annotations: Path | str, images: Path | str | None = None) -> RawDataset:
    """Read a VOC folder (with `Annotations/` and `JPEGImages/`), or a folder of XML files.

    `images` is the folder with the pictures; without it the usual places are tried. Raises DataError when there is no
    XML file, or no picture of those named is found. Pictures without an XML file are counted, not read.
    """
    top = Path(annotations)
    folder = top / "Annotations" if (top / "Annotations").is_dir() else top
    paths = sorted(path for path in folder.glob("*.xml") if path.is_file() and not path.name.startswith("."))
    if not paths:
        raise DataError(f"{folder}: no VOC annotations here; expected a folder of .xml files.")
    candidates = image_folders_near(folder) if images is None else image_folders_in(Path(images))
    root = _locate(paths, candidates, folder)
    dropped = DropCounter()
    return RawDataset(root, _walk(paths, _pictures_in(root), dropped), len(paths), data_name(folder), dropped)


def _locate(paths: list[Path], candidates: list[Path], folder: Path) -> Path:
    """The candidate folder with the pictures: by the stems of the XML files, else by the names stated in them."""
    if root := _best({path.stem for path in paths}, candidates):
        return root
    dropped = DropCounter()
    trees = [(path, _parse(path, dropped)) for path in paths]
    names = [_stated_name(tree) or f"{path.stem}.jpg" for path, tree in trees if tree is not None]
    if not names:
        example = dropped.reasons["unreadable annotation"].examples[0]
        raise DataError(f"{folder}: none of the {len(paths)} .xml files is a VOC annotation (e.g. {example}).")
    stems = {PurePath(name).stem for name in names}
    return _best(stems.union(names), candidates) or locate_images(names, candidates, source=folder)


def _best(stems: set[str], candidates: list[Path]) -> Path | None:
    """The candidate with a picture for most of `stems`, the first of equals; None when there is no picture for any."""
    found = {each: len(stems & {PurePath(name).stem for name in _pictures_in(each)}) for each in candidates}
    best = max(candidates, key=lambda each: found[each])
    return best if found[best] else None


def _pictures_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*") if is_picture_name(path.name)) if folder.is_dir() else []


def _walk(paths: list[Path], pictures: list[str], dropped: DropCounter) -> Iterator[RawImage]:
    there = set(pictures)
    by_stem = {PurePath(name).stem: name for name in reversed(pictures)}
    read: dict[str, Path] = {}
    for path in paths:
        tree = _parse(path, dropped)
        if tree is None:
            continue
        name = _choose_name(_stated_name(tree), path.stem, there, by_stem)
        first = read.setdefault(name, path)
        if first != path:
            raise DataError(f"{path}: {name} is annotated twice, here and in {first.name}; keep one of the two files.")
        boxes = tuple(_boxes(tree, path.name, dropped))
        yield RawImage(name, boxes, _size(tree), licence="", record=path.name)
    for name in sorted(there - set(read)):
        dropped.other("picture without annotation", name)


def _parse(path: Path, dropped: DropCounter) -> ET.Element | None:
    """The <annotation> element; None, counted as a picture, where there is none."""
    try:
        data = path.read_bytes()
        # VOC needs no DTD, and entities are how XML bombs are built; NULs removed, this sees UTF-16 as well.
        if b"<!DOCTYPE" in data.replace(b"\0", b""):
            dropped.image("unreadable annotation", f"{path.name}: has a DOCTYPE, which VOC files do not", boxes=0)
            return None
        tree = ET.fromstring(data)
    except (ET.ParseError, ValueError, LookupError, OSError) as error:
        dropped.image("unreadable annotation", f"{path.name}: {error}", boxes=0)
        return None
    if tree.tag != "annotation":
        example = f"{path.name}: expected <annotation>, found <{tree.tag}>"
        dropped.image("unreadable annotation", example, boxes=0)
        return None
    return tree


def _stated_name(tree: ET.Element) -> str:
    stated = (tree.findtext("filename") or "").strip()
    return PurePath(clean_name(stated)).name if stated else ""


def _choose_name(stated: str, stem: str, there: set[str], by_stem: dict[str, str]) -> str:
    """The picture of an XML file: the stated name if that file exists, else one with the stem of either."""
    if stated in there:
        return stated
    return by_stem.get(stem) or by_stem.get(PurePath(stated).stem) or by_stem.get(stated) or stated or f"{stem}.jpg"


def _size(tree: ET.Element) -> tuple[int, int] | None:
    try:
        width, height = (int(float(tree.findtext(f"size/{side}", ""))) for side in ("width", "height"))
    except (ValueError, OverflowError):
        return None
    return (width, height) if 0 < width < MAX_SIDE and 0 < height < MAX_SIDE else None


def _boxes(tree: ET.Element, file: str, dropped: DropCounter) -> Iterator[RawBox]:
    for index, element in enumerate(tree.iterfind("object"), start=1):
        yield from _box(element, f"{file}: object {index}", dropped)
        for number, part in enumerate(element.iterfind("part"), start=1):
            yield from _box(part, f"{file}: object {index}, part {number}", dropped)


def _box(element: ET.Element, record: str, dropped: DropCounter) -> Iterator[RawBox]:
    name = (element.findtext("name") or "").strip()
    box = element.find("bndbox")
    if box is None:
        dropped.box("no box", record)
    elif not name:
        dropped.box("no class name", record)
    else:
        try:
            x1, y1, x2, y2 = (float(box.findtext(key, "")) for key in ("xmin", "ymin", "xmax", "ymax"))
        except ValueError:
            dropped.box("box is not four numbers", f"{record}: {[child.text for child in box]}")
        else:
            yield RawBox((x1 - 1, y1 - 1, x2, y2), name, record)
