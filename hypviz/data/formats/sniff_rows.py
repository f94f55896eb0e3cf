"""What rows of text are: YOLO's or KITTI's labels, tables of boxes, or rows of numbers nobody here knows."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from hypviz.data.formats.openimages_csv import is_box_file, is_description_file, is_image_file
from hypviz.data.formats.sniff_json import kind_of_rows
from hypviz.data.formats.table import is_nested, table_of
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
    if kinds.count("kitti") > len(kinds) - kinds.count("kitti") - kinds.count(""):  # rows like no others: one among broken ones tells
        return "kitti", _ROWS["kitti"]
    for kind, description in _ROWS.items():
        if kinds.count(kind) * 2 > len(kinds):
            return (kind if kind in ("yolo", "kitti") else "unknown"), description
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
    if kitti_class(words):
        return "kitti"
    if len(words) >= 5 and all(numbers):
        return "yolo" if float(words[0]).is_integer() and float(words[0]) >= 0 else "numbers"
    if len(words) >= 9 and all(numbers[:8]) and not numbers[8]:
        return "dota"
    if words[0].lower().startswith(("imagesource:", "gsd:")):
        return "dota"
    if len(words) in (5, 6) and not numbers[0] and all(numbers[1:]):
        return "named"
    cells = "".join(words).rstrip(",").split(",")
    return "commas" if len(cells) >= 5 and all(map(is_number, cells[:4])) else ""


def kitti_class(words: Sequence[str]) -> list[str]:
    """The words of the class that a KITTI row begins with: what stands before 14 numbers, or 15 with a score; [] for another row.

    A class that is a number is known by the corners, which are pixels, and by the degree of occlusion, which is whole.

    >>> kitti_class("big car 0.0 0 -1.5 10 20 30 40 1 1 1 1 1 1 0".split()), kitti_class("3 0.0 0 -1.5 10 20 30 40 1 1 1 1 1 1 0".split())
    (['big', 'car'], ['3'])
    """
    name = next((place for place, word in enumerate(words) if is_number(word)), len(words))
    rest = words[name:]
    if not all(map(is_number, rest)):
        return []
    if name:
        return list(words[:name]) if len(rest) in (14, 15) else []
    if len(words) not in (15, 16) or not float(words[2]).is_integer():
        return []
    corners = [float(word) for word in words[4:8]]
    return [words[0]] if max(map(abs, corners)) > 2 and corners[0] <= corners[2] and corners[1] <= corners[3] else []


FILE_COLUMNS: tuple[str, ...] = (
    *("filename", "filepath", "imagefilename", "imagepath", "imagename", "imagefile", "image", "img", "path", "file", "imageid"),
    *("imgid", "imgname", "imgpath", "picture", "photo", "patientid", "imageurl", "fileurl", "frame", "id", "name", "uri"),
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
    """How the columns give a box ("xyxy", "xywh", "cxcywh", "list" or "") and which they are; one word may stand before all four.

    >>> box_columns(["Filename", "Roi.X1", "Roi.Y1", "Roi.X2", "Roi.Y2"])
    ('xyxy', ('Roi.X1', 'Roi.Y1', 'Roi.X2', 'Roi.Y2'))
    """
    before = sorted({plain(column)[: -len(name)] for column in header for name in _FIRST if plain(column).endswith(name)} - {""})
    for prefix in ("", *before):
        for form, families in (("xyxy", CORNERS), ("cxcywh", CENTRES), ("xywh", SIZES)):
            for family in families:
                columns = tuple(column_of(header, (prefix + name,)) for name in family)
                if all(columns):
                    return form, columns
    listed = column_of(header, BOX_COLUMNS)
    return ("list", (listed,)) if listed else ("", ())


_FIRST = {family[0] for family in (*CORNERS, *CENTRES, *SIZES)}
_BOXISH = re.compile(r"bbox|box|xmin|polygon|annotation|region|segment|coord|points|rle|encodedpixels|predictionstring")
_NUMBERS = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?![\w.])")
_NO_SIDES = frozenset(
    {"width", "height", "imagewidth", "imageheight", "imgwidth", "imgheight", "depth", "size", "filesize", "fold", "index", ""}
)


def strange_columns(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns that look as if they held coordinates, by their names or as four columns of numbers; of a table without boxes known here."""
    strange = [column for column in header if _BOXISH.search(plain(column))]
    columns = {name: [row[place] for row in rows if place < len(row) and row[place]] for place, name in enumerate(header)}
    lists = [name for name, cells in columns.items() if cells and all(len(_NUMBERS.findall(cell)) >= 4 for cell in cells)]
    numbers = [
        name for name, cells in columns.items() if plain(name) not in _NO_SIDES and not plain(name).endswith("id") and _measures(cells)
    ]
    return strange or lists or (numbers if len(numbers) >= 4 else [])


def _measures(cells: Sequence[str]) -> bool:
    """Whether cells are numbers, and others than 0 and 1."""
    return bool(cells) and all(map(is_number, cells)) and not {*cells} <= {"0", "1"}


def looks_headless(row: Sequence[str]) -> bool:
    """Whether a first row is one of keras-retinanet's: a picture, four numbers (or nothing), a class."""
    named = len(row) == 6 and re.search(r"\.\w{2,5}$", row[0]) is not None
    return named and all(is_number(cell) for cell in row[1:5]) and not is_number(row[5])


def sniff_csv(path: Path) -> tuple[str, str]:
    """The kind of a table by its header and its first rows, and what was seen."""
    head = read_head(path, 1 << 16)
    if "\0" in head:
        return "", ""
    table = table_of(head)
    try:
        first = list(islice(table.rows(), 20))
        nested = [row for row in table.records(20) if any(map(is_nested, row.values()))]
    except csv.Error:
        return "", ""
    row = first[0] if first else []
    if is_box_file(row) or is_image_file(row):
        return "openimages", "a table of OpenImages"
    if is_description_file(row):
        return "openimages names", "class descriptions of OpenImages"
    columns = f"a table with the columns {', '.join(row)[:100]}"
    if nested:
        kind, description = kind_of_rows(nested)
        if kind in ("metadata", "labelstudio", "via"):
            return kind, description
    if looks_headless(row):
        return "csv", "a table of boxes without a header"
    form, _ = box_columns(row)
    strange = [] if form else strange_columns(row, first[1:])
    if column_of(row, FILE_COLUMNS if form else _SURELY_FILES) and (form or (column_of(row, CLASS_COLUMNS) and not strange)):
        return "csv", columns
    if form or any(_BOXISH.search(plain(column)) for column in row):
        return "unknown", columns
    numbers = sum(map(is_number, row))
    return ("unknown", "a table of numbers without a header") if 4 <= numbers <= 12 else ("", columns)
