"""What rows of text are: YOLO's or KITTI's labels, tables of boxes, or rows of numbers nobody here knows."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from pathlib import Path

from hypviz.data.formats.openimages_csv import is_box_file, is_description_file, is_image_file
from hypviz.data.formats.text import read_head

NAME_STEMS = frozenset(
    {"classes", "class", "names", "labels", "class_names", "classnames", "class-names", "predefined_classes", "categories"}
)
"""Stems of text files with one class name a line."""
_LOOKED_AT = 50
"""Lines of a text file that are looked at."""


def is_number(word: str) -> bool:
    """Whether a word is a number."""
    try:
        float(word)
    except ValueError:
        return False
    return True


def sniff_text(head: str) -> tuple[str, str]:
    """The kind of a text file by its first lines, and what was seen.

    >>> sniff_text("0 0.5 0.5 0.1 0.1")[0], sniff_text("Car 0.00 0 -1.5 10 20 30 40 1.5 1.6 3.9 1 2 3 0")[0]
    ('yolo', 'kitti')
    >>> sniff_text("10 10 20 10 20 20 10 20 plane 0"), sniff_text("images/a.jpg")
    (('unknown', 'rows of four corners and a class (DOTA)'), ('', ''))
    """
    if "\0" in head:
        return "", ""
    lines = [line.split() for line in head.splitlines()[:_LOOKED_AT] if line.strip()]
    kinds = [_row_kind(words) for words in lines]
    for kind, seen in _ROWS.items():
        if kinds.count(kind) * 2 > len(kinds):
            return (kind if kind in ("yolo", "kitti") else "unknown"), seen
    return "", ""


_ROWS = {
    "yolo": "YOLO label files",
    "kitti": "KITTI label files",
    "dota": "rows of four corners and a class (DOTA)",
    "named": "rows of a class name and a box",
    "numbers": "rows of numbers",
    "commas": "rows of numbers between commas",
}


def _row_kind(words: Sequence[str]) -> str:
    numbers = [is_number(word) for word in words]
    if len(words) >= 5 and all(numbers):
        return "yolo" if float(words[0]).is_integer() and float(words[0]) >= 0 else "numbers"
    if len(words) in (15, 16) and not numbers[0] and all(numbers[1:]):
        return "kitti"
    if len(words) >= 9 and all(numbers[:8]) and not numbers[8]:
        return "dota"
    if words[0].lower().startswith(("imagesource:", "gsd:")):
        return "dota"
    if len(words) in (5, 6) and not numbers[0] and all(numbers[1:]):
        return "named"
    cells = "".join(words).rstrip(",").split(",")
    return "commas" if len(cells) >= 5 and all(map(is_number, cells[:4])) else ""


FILE_COLUMNS: tuple[str, ...] = (
    *("filename", "filepath", "imagefilename", "imagepath", "imagename", "imagefile", "image", "img", "path", "file", "imageid"),
    *("imgid", "imgname", "imgpath", "picture", "photo", "frame", "id", "name", "uri"),
)
"""Columns that name the picture, without case and signs, the likeliest first."""
_SURELY_FILES = FILE_COLUMNS[:-5]
"""Those of them that tables of other things do not have."""
CLASS_COLUMNS: tuple[str, ...] = (
    *("class", "classname", "label", "labelname", "category", "categoryname", "objectclass", "species", "object", "classes"),
    *("labels", "categories", "target", "classid", "labelid", "categoryid", "name", "tag"),
)
"""Columns that name the class, the likeliest first."""
CORNERS = (
    ("xmin", "ymin", "xmax", "ymax"),
    ("x1", "y1", "x2", "y2"),
    ("left", "top", "right", "bottom"),
    ("xtl", "ytl", "xbr", "ybr"),
    ("x0", "y0", "x1", "y1"),
    ("bboxxmin", "bboxymin", "bboxxmax", "bboxymax"),
    ("bboxx1", "bboxy1", "bboxx2", "bboxy2"),
    ("startx", "starty", "endx", "endy"),
)
CENTRES: tuple[tuple[str, str, str, str], ...] = (
    ("xcenter", "ycenter", "width", "height"),
    ("xcentre", "ycentre", "width", "height"),
    ("cx", "cy", "w", "h"),
    ("xcenter", "ycenter", "w", "h"),
    ("centerx", "centery", "width", "height"),
)
SIZES = (
    ("x", "y", "w", "h"),
    ("x", "y", "width", "height"),
    ("xmin", "ymin", "width", "height"),
    ("xmin", "ymin", "w", "h"),
    ("left", "top", "width", "height"),
    ("bboxx", "bboxy", "bboxwidth", "bboxheight"),
    ("bboxx", "bboxy", "bboxw", "bboxh"),
    ("bboxleft", "bboxtop", "bboxwidth", "bboxheight"),
)
BOX_COLUMNS = ("bbox", "box", "boundingbox", "boxes", "bboxes")


def plain(column: str) -> str:
    """A column's name without case and signs.

    >>> plain(" X_Min "), plain("Image ID")
    ('xmin', 'imageid')
    """
    return re.sub(r"[^a-z0-9]", "", column.lower())


def column_of(header: Sequence[str], names: Sequence[str]) -> str:
    """The column that is called as one of `names`, the first of these that is there; "" for none."""
    by_name = {plain(column): column for column in reversed(header)}
    return next((by_name[name] for name in names if name in by_name), "")


def box_columns(header: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """How the columns give a box ("xyxy", "xywh", "cxcywh", "list" or "") and which they are."""
    for form, families in (("xyxy", CORNERS), ("cxcywh", CENTRES), ("xywh", SIZES)):
        for family in families:
            found = tuple(column_of(header, (name,)) for name in family)
            if all(found):
                return form, found
    listed = column_of(header, BOX_COLUMNS)
    return ("list", (listed,)) if listed else ("", ())


def delimiter_of(head: str) -> str:
    """The sign between the cells of a table, by its first line."""
    first = next((line for line in head.splitlines() if line.strip()), "")
    return max(",;\t|", key=first.count)


def looks_headless(row: Sequence[str]) -> bool:
    """Whether a first row is one of keras-retinanet's: a picture, four numbers (or nothing), a class."""
    named = len(row) == 6 and re.search(r"\.\w{2,5}$", row[0]) is not None
    return named and all(is_number(cell) for cell in row[1:5]) and not is_number(row[5])


def sniff_csv(path: Path) -> tuple[str, str]:
    """The kind of a table by its header, and what was seen."""
    head = read_head(path)
    row = next(csv.reader(head.splitlines()[:1], delimiter=delimiter_of(head)), []) if "\0" not in head else []
    if is_box_file(row) or is_image_file(row):
        return "openimages", "a table of OpenImages"
    if is_description_file(row):
        return "openimages names", "class descriptions of OpenImages"
    columns = ", ".join(row)[:100]
    if looks_headless(row):
        return "csv", "a table of boxes without a header"
    form, _ = box_columns(row)
    if column_of(row, FILE_COLUMNS if form else _SURELY_FILES) and (form or column_of(row, CLASS_COLUMNS)):
        return "csv", f"a table with the columns {columns}"
    boxish = form or any(re.search(r"bbox|box|xmin|polygon|annotation|region", plain(column)) for column in row)
    if boxish:
        return "unknown", f"a table with the columns {columns}"
    numbers = sum(map(is_number, row))
    return ("unknown", "a table of numbers without a header") if 4 <= numbers <= 12 else ("", "")
