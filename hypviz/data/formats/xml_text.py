"""An XML file of annotations, under limits: no DTD, no entities, a bounded size."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

from hypviz.data.formats.text import read_raw
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
        return ET.fromstring(data)
    except (ET.ParseError, ValueError, LookupError, RecursionError) as error:
        return _in_another_encoding(data, error)


def _in_another_encoding(data: bytes, error: Exception) -> ET.Element:
    """A file that says UTF-8 and is Windows-1252, as editors on Windows leave it."""
    from hypviz.data.formats.text import encoding_of

    if encoding_of(data) == "cp1252":
        try:
            text = data.decode("cp1252")
            return ET.fromstring(text[text.index("?>") + 2 :] if text.lstrip().startswith("<?xml") else text)
        except (ET.ParseError, ValueError):
            pass
    raise XmlError(str(error)) from None
