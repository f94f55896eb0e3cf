"""What a tool has to know of the classes before it takes annotations: CVAT's labels as its constructor has them under "Raw", and Label
Studio's labelling configuration (https://labelstud.io/tags), with the relation that boxes have."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

from hypviz.data.formats.labelstudio import CONTAINS
from hypviz.data.writers.cvat import NUMBER, PARENTS
from hypviz.data.writers.labelstudio import FROM, TO
from hypviz.data.writers.records import AnnotatedSet
from hypviz.data.writers.xml_text import xml_text
from hypviz.storage.json_types import Json


def cvat_labels(annotated: AnnotatedSet) -> str:
    """The labels of `cvat.cvat_xml` as JSON: rectangles, with the attributes that say who is inside whom."""
    attributes: list[Json] = [
        {"name": name, "mutable": False, "input_type": "text", "default_value": "", "values": [""]} for name in (NUMBER, PARENTS)
    ]
    labels = [{"name": xml_text(name), "type": "rectangle", "attributes": attributes} for name in annotated.classes]
    return json.dumps(labels, ensure_ascii=False, indent=1)


def labelstudio_configuration(annotated: AnnotatedSet) -> str:
    """The configuration of a project that takes the tasks of `labelstudio.labelstudio_tasks`."""
    root = ET.Element("View")
    ET.SubElement(root, "Image", {"name": TO, "value": "$image"})
    labels = ET.SubElement(root, "RectangleLabels", {"name": FROM, "toName": TO})
    for name in annotated.classes:
        ET.SubElement(labels, "Label", {"value": xml_text(name)})
    ET.SubElement(ET.SubElement(root, "Relations"), "Relation", {"value": CONTAINS})
    ET.indent(root)
    return f"{ET.tostring(root, encoding='unicode')}\n"
