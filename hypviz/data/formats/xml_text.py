"""An XML file of annotations, under limits: no DTD, no entities, a bounded size."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

from hypviz.data.formats.text import encoding_of, read_raw
from hypviz.errors import DataError

MAX_XML = 512 << 20
"""Bytes: CVAT keeps the boxes of a whole project in one file."""


class XmlError(DataError):
    """An XML file that cannot be read; the message is the reason alone, without the file."""


def read_xml(path: Path) -> ET.Element:
    """The root element; XmlError for what is no XML, or has a DOCTYPE, with which XML bombs are built."""
    try:
        data = read_raw(path, limit=MAX_XML)
    except DataError as error:
        raise XmlError(str(error).removeprefix(f"{path}: ")) from None
    # NULs removed, this sees UTF-16 as well.
    if b"<!DOCTYPE" in data.replace(b"\0", b"").upper():
        raise XmlError("has a DOCTYPE, which annotation files do not")
    try:
        return _plain(ET.fromstring(data))
    except (ET.ParseError, ValueError, LookupError, RecursionError) as error:
        return _plain(_in_another_encoding(data, error))


def _plain(root: ET.Element) -> ET.Element:
    """The element with its tags without namespaces."""
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2] if isinstance(element.tag, str) else element.tag
    return root


def _in_another_encoding(data: bytes, error: Exception) -> ET.Element:
    """A file in an encoding that the parser does not know, or in another one than it states, as editors on Windows leave it."""
    stated = re.match(rb"\s*<\?xml[^>]*encoding=[\"']([A-Za-z0-9._-]+)", data)
    for encoding in dict.fromkeys((stated[1].decode("ascii") if stated else "", encoding_of(data))):
        try:
            text = data.decode(encoding) if encoding else ""
            return ET.fromstring(text[text.index("?>") + 2 :] if text.lstrip("\ufeff \n").startswith("<?xml") else text)
        except (ET.ParseError, ValueError, LookupError):
            continue
    raise XmlError(str(error)) from None
