"""Projects of VIA 3 (https://www.robots.ox.ac.uk/~vgg/software/via/docs/via3.html) as pictures with the regions of VIA 2.

Files, views and metadata are tables of their own; a region is `xy`: the number of its shape, then its numbers. Its attributes are numbered,
and their options too. What is annotated in time (`z`) belongs to no picture here and is a region without a shape.
"""

from __future__ import annotations

from typing import Any

from hypviz.data.formats.drafts import extent, four_numbers
from hypviz.storage.json_types import Json

_RECTANGLE, _CIRCLE, _ELLIPSE = 2, 3, 4


def of_via3(content: Json) -> Json:
    """Each picture by the number of its view: {"filename", "regions": [{"shape_attributes", "region_attributes"}…]}."""
    attributes = content.get("attribute")
    known = attributes if isinstance(attributes, dict) else {}
    pictures: Json = {}
    views = content.get("view")
    for view, listed in views.items() if isinstance(views, dict) else ():
        files = listed.get("fid_list") if isinstance(listed, dict) else None
        file = content["file"].get(str(files[0])) if isinstance(files, list) and files else None
        name = file.get("fname") if isinstance(file, dict) else None
        pictures[str(view)] = {"filename": name, "regions": []}
    for region in content["metadata"].values():
        region = region if isinstance(region, dict) else {}
        picture = pictures.setdefault(str(region.get("vid")), {"filename": None, "regions": []})
        picture["regions"].append({"shape_attributes": _shape(region), "region_attributes": _named(region.get("av"), known)})
    return pictures


def _shape(region: Json) -> Json:
    """A region's numbers as VIA 2 names them; {} for none."""
    numbers = region.get("xy")
    if not isinstance(numbers, list) or not numbers or region.get("z"):
        return {}
    kind, rest = numbers[0], numbers[1:]
    if kind == _RECTANGLE and four_numbers(rest) is not None:
        return dict(zip(("x", "y", "width", "height"), rest, strict=True))
    if kind == _CIRCLE and len(rest) == 3:
        return dict(zip(("cx", "cy", "r"), rest, strict=True))
    if kind == _ELLIPSE and len(rest) >= 4:
        return dict(zip(("cx", "cy", "rx", "ry"), rest[:4], strict=True))
    around = extent(rest)
    return {} if around is None else {"all_points_x": rest[0::2], "all_points_y": rest[1::2]}


def _named(values: Any, attributes: Json) -> Json:
    """The values of a region by the names of their attributes, options in words."""
    named = {}
    for key, value in values.items() if isinstance(values, dict) else ():
        attribute = attributes.get(str(key))
        attribute = attribute if isinstance(attribute, dict) else {}
        options = attribute.get("options")
        named[str(attribute.get("aname") or key)] = options.get(str(value), value) if isinstance(options, dict) else value
    return named
