"""Annotations as other tools read them: one module per format, all from the same records (`records.AnnotatedSet`).

Boxes and class names go out in full precision, so that an import of what was written gives the same items. Who is inside whom stands in
the file where the format has a place for it.
"""

from hypviz.data.writers.coco import coco_document
from hypviz.data.writers.cvat import cvat_xml
from hypviz.data.writers.labelstudio import labelstudio_tasks
from hypviz.data.writers.records import AnnotatedSet, Picture, WrittenBox, annotated_set
from hypviz.data.writers.voc import voc_files
from hypviz.data.writers.yolo import yolo_files

__all__ = [
    "AnnotatedSet", "Picture", "WrittenBox", "annotated_set", "coco_document", "cvat_xml", "labelstudio_tasks", "voc_files", "yolo_files",
]  # fmt: skip
