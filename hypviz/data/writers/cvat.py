"""CVAT for images 1.1 (https://docs.cvat.ai/docs/dataset_management/formats/format-cvat): one XML file, boxes in pixels.

A box's number and those of the boxes it lies in are attributes, declared with every label, so that CVAT keeps them.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET

from hypviz.data.writers.records import AnnotatedSet, WrittenBox
from hypviz.data.writers.xml_text import number_text, xml_document

NUMBER, PARENTS = "number", "inside"
"""Names of the attributes."""
SOURCES = {"annotation": "manual", "drawn": "manual", "proposal": "auto"}
"""What CVAT calls where a box is from."""


def cvat_xml(dataset: AnnotatedSet) -> str:
    """The annotations.xml that CVAT uploads into a task with these pictures."""
    root = ET.Element("annotations")
    ET.SubElement(root, "version").text = "1.1"
    _meta(root, dataset)
    for place, picture in enumerate(dataset.pictures):
        named = {"id": str(place), "name": picture.file_name, "width": str(picture.width), "height": str(picture.height)}
        element = ET.SubElement(root, "image", named)
        for box in picture.boxes:
            _box(element, box)
    return xml_document(root)


def _meta(root: ET.Element, dataset: AnnotatedSet) -> None:
    task = ET.SubElement(ET.SubElement(root, "meta"), "task")
    for name, text in (("name", dataset.name), ("size", str(len(dataset.pictures))), ("mode", "annotation")):
        ET.SubElement(task, name).text = text
    labels = ET.SubElement(task, "labels")
    for label in dataset.classes:
        element = ET.SubElement(labels, "label")
        ET.SubElement(element, "name").text = label
        ET.SubElement(element, "type").text = "rectangle"
        attributes = ET.SubElement(element, "attributes")
        for name in (NUMBER, PARENTS):
            one = ET.SubElement(attributes, "attribute")
            for key, text in (("name", name), ("mutable", "False"), ("input_type", "text"), ("default_value", ""), ("values", "")):
                ET.SubElement(one, key).text = text


def _box(element: ET.Element, box: WrittenBox) -> None:
    corners = dict(zip(("xtl", "ytl", "xbr", "ybr"), map(number_text, box.xyxy), strict=True))
    one = ET.SubElement(element, "box", {"label": box.label, "source": SOURCES.get(box.source, "manual"), "occluded": "0", **corners})
    one.set("z_order", "0")
    for name, text in ((NUMBER, str(box.number)), (PARENTS, " ".join(map(str, box.parents or ())))):
        ET.SubElement(one, "attribute", {"name": name}).text = text
