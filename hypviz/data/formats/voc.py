"""Pascal VOC XML (http://host.robots.ox.ac.uk/pascal/VOC/voc2012/devkit_doc.pdf), one file per picture.

VOC counts pixels from 1 and includes the last one: a box becomes (xmin − 1, ymin − 1, xmax, ymax), so a box of the
whole picture is exactly the picture. Many tools write 0-based files instead; the difference is one pixel, and a box
that starts at 0 then sticks out by it and is clipped. Coordinates may be fractions. A `<part>` (head, hand…) becomes a
box of its own. A file that is no VOC XML is counted, not fatal: one of thousands must not stop an import.
"""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from pathlib import Path, PurePosixPath

from hypviz.data.formats.convention import Numbers
from hypviz.data.formats.drafts import Draft, DraftBox, Source, angle, extent, four_numbers, settle, stated_size
from hypviz.data.formats.entries import ReaderResult, build
from hypviz.data.formats.names import clean_name
from hypviz.data.formats.places import data_name, source_in, source_of
from hypviz.data.formats.text import class_name
from hypviz.data.formats.tree import read_tree
from hypviz.data.formats.xml_text import XmlError, read_xml
from hypviz.data.raw import DropCounter, RawDataset, leaves_root
from hypviz.errors import DataError


def read_voc(annotations: Path | str, images: Path | str | None = None) -> RawDataset:
    """Read a VOC folder (with `Annotations/` and `JPEGImages/`), or a folder of XML files.

    `images` is the folder with the pictures; without it they are looked for below the folder. Raises DataError when there is no
    XML file, or no picture of those named is found. Pictures without an XML file are counted, not read.
    """
    top = Path(annotations)
    if top.is_file():
        source, files = source_of([top], None if images is None else Path(images))
    else:
        tree = read_tree(top)
        files = [name for name in tree.others if name.lower().endswith(".xml")]
        if not files:
            raise DataError(f"{top}: no VOC annotations here; expected a folder of .xml files.")
        source = source_in(top, tree, None if images is None else Path(images), DropCounter())
    result = read_voc_files(source, files)
    return build(result, source.pictures, source.picture_root, name=data_name(top), dropped=source.dropped, source=top)


def read_voc_files(source: Source, files: list[str]) -> ReaderResult:
    """The pictures of VOC files; DataError when none of them is one."""
    drafts: list[Draft] = []
    read: set[str] = set()
    example = ""
    for file in files:
        try:
            draft = _draft(source, file)
        except XmlError as error:
            example = example or f"{PurePosixPath(file).name}: {error}"
            source.dropped.image("unreadable annotation", f"{PurePosixPath(file).name}: {error}", boxes=0)
            continue
        drafts.append(draft)
        read.add(file)
    if not drafts:
        where = source.path(files[0]).parent
        raise DataError(f"{where}: none of the {len(files)} .xml files is a VOC annotation (e.g. {example}).")
    entries = settle(drafts, source, "VOC XML", ("xyxy", "xywh"))
    return ReaderResult(entries, read)


def _draft(source: Source, file: str) -> Draft:
    tree = read_xml(source.path(file))
    if tree.tag != "annotation":
        raise XmlError(f"expected <annotation>, found <{tree.tag}>")
    name = PurePosixPath(file).name
    draft = Draft(_names(tree, name.rpartition(".")[0]), file, name, size=_size(tree), any_ending=True)
    for index, element in enumerate(tree.iterfind("object"), start=1):
        _add(draft, element, f"{name}: object {index}", source)
        for place, part in enumerate(element.iterfind("part"), start=1):
            _add(draft, part, f"{name}: object {index}, part {place}", source)
    return draft


def _names(tree: ET.Element, stem: str) -> tuple[str, ...]:
    """The stated name, without the folders of another machine, and the file's stem."""
    stated = clean_name(tree.findtext("filename") or "")
    if leaves_root(stated) or ":" in stated.partition("/")[0]:
        return stated.rpartition("/")[2], stated, stem
    return (stated, stem) if stated else (f"{stem}.jpg", stem)


def _size(tree: ET.Element) -> tuple[int, int] | None:
    return stated_size(tree.findtext("size/width"), tree.findtext("size/height"))


def _add(draft: Draft, element: ET.Element, record: str, source: Source) -> None:
    name = class_name(element.findtext("name") or "")
    box = element.find("bndbox")
    numbers = None if box is None else four_numbers([box.findtext(key) for key in ("xmin", "ymin", "xmax", "ymax")])
    outline = _outline(element) if box is None else None
    if outline is not None and name:
        draft.boxes.append(DraftBox(outline, name, record, "xyxy"))
    elif box is None and outline is None:
        source.dropped.box("no box", record)
    elif not name:
        source.dropped.box("no class name", record)
    elif numbers is None or box is None:
        source.dropped.box("box is not four numbers", f"{record}: {[child.text for child in box or ()]}")
    else:
        draft.boxes.append(DraftBox(_from_zero(numbers), name, record, "", None, *_known(element)))


def _known(element: ET.Element) -> tuple[str, str, tuple[str, ...] | None]:
    """Where the box is from, its name and the boxes it lies in, where this project exported the file."""
    extension = element.find("hypviz")
    if extension is None:
        return "annotation", "", None
    source = extension.get("source", "")
    return (
        source if source in ("proposal", "drawn") else "annotation",
        f"#{extension.get('number')}",
        tuple(f"#{(parent.text or '').strip()}" for parent in extension.iterfind("parent")),
    )


def _outline(element: ET.Element) -> Numbers | None:
    """The extent of a turned box (roLabelImg), or of a polygon of x1, y1, x2… or of points (labelImg's relatives)."""
    turned = element.find("robndbox")
    if turned is not None:
        middle, turn = four_numbers([turned.findtext(key) for key in ("cx", "cy", "w", "h")]), angle(turned.findtext("angle"))
        if middle is None or turn is None:
            return None
        cx, cy, w, h = middle
        cos, sin = abs(math.cos(turn)), abs(math.sin(turn))
        rx, ry = (w * cos + h * sin) / 2, (w * sin + h * cos) / 2
        return cx - rx, cy - ry, cx + rx, cy + ry
    polygon = element.find("polygon")
    if polygon is None:
        return None
    points = [(each.findtext("x"), each.findtext("y")) for each in polygon.iter() if each.find("x") is not None]
    numbered = [(polygon.findtext(f"x{place}"), polygon.findtext(f"y{place}")) for place in range(1, len(polygon) // 2 + 1)]
    around = extent(points or numbered)
    return None if around is None else _from_zero(around)


def _from_zero(numbers: Numbers) -> Numbers:
    """Corners as they are counted from 0, the last ones exclusive; fractions stay as they are."""
    x1, y1, x2, y2 = numbers
    if max(map(abs, numbers)) <= 1 and any(value != round(value) for value in numbers):
        return numbers
    return x1 - 1, y1 - 1, x2, y2
