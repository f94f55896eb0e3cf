"""Pascal VOC (devkit of 2012): an XML file per picture, pixels counted from 1, the last ones included; fractions of a pixel are kept.

VOC's own word for a relation, <part>, stands inside its object and has no name of its own there, so every box is an <object>; which
boxes it lies in is said by number in <hypviz>, an element that other readers pass over.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import PurePosixPath

from hypviz.data.writers.records import AnnotatedSet, Picture, WrittenBox
from hypviz.data.writers.xml_text import number_text, xml_document

IMAGES, ANNOTATIONS = "JPEGImages", "Annotations"


def voc_files(dataset: AnnotatedSet) -> dict[str, str]:
    """Annotations/NAME.xml by name; pictures are looked for in JPEGImages/. DataError for pictures that differ by their ending alone."""
    return {f"{ANNOTATIONS}/{name}": xml_document(_annotation(picture)) for picture, name in dataset.files(".xml")}


def _annotation(picture: Picture) -> ET.Element:
    root = ET.Element("annotation")
    folder = PurePosixPath(IMAGES, picture.file_name).parent
    _text(root, "folder", folder.name)
    _text(root, "filename", PurePosixPath(picture.file_name).name)
    size = ET.SubElement(root, "size")
    for name, value in (("width", picture.width), ("height", picture.height), ("depth", 3)):
        _text(size, name, str(value))
    _text(root, "segmented", "0")
    for box in picture.boxes:
        _object(root, box)
    return root


def _object(root: ET.Element, box: WrittenBox) -> None:
    element = ET.SubElement(root, "object")
    _text(element, "name", box.label)
    for name, value in (("pose", "Unspecified"), ("truncated", "0"), ("difficult", "0")):
        _text(element, name, value)
    x1, y1, x2, y2 = box.xyxy
    corners = ET.SubElement(element, "bndbox")
    for name, number in (("xmin", x1 + 1), ("ymin", y1 + 1), ("xmax", x2), ("ymax", y2)):
        _text(corners, name, number_text(number))
    extension = ET.SubElement(element, "hypviz", {"number": str(box.number), "source": box.source})
    for parent in box.parents or ():
        _text(extension, "parent", str(parent))


def _text(parent: ET.Element, name: str, text: str) -> None:
    ET.SubElement(parent, name).text = text
