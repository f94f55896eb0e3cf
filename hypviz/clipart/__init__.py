"""The demo world: procedurally drawn scenes with exact boxes, so it can be shipped and grown without limit."""

from .canvas import DrawnBox
from .dataset import contact_sheet, write_dataset
from .draw import OBJECT_CLASSES, SPLIT_SEEDS, DrawnScene, draw_scene
from .parts import PART_CLASSES
from .scenes import SCENE_TYPES

__all__ = [
    "OBJECT_CLASSES",
    "PART_CLASSES",
    "SCENE_TYPES",
    "SPLIT_SEEDS",
    "DrawnBox",
    "DrawnScene",
    "contact_sheet",
    "draw_scene",
    "write_dataset",
]
