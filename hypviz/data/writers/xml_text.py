"""XML as text: what XML cannot hold at all is replaced, numbers keep all their digits."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def xml_text(text: str) -> str:
    r"""Text as XML can hold it.

    >>> xml_text("a\x00b")
    'a�b'
    """
    return _FORBIDDEN.sub("�", text)


def xml_document(root: ET.Element) -> str:
    """The document of an element, indented, with its declaration."""
    for element in root.iter():
        element.text = None if element.text is None else xml_text(element.text)
        for name, value in element.attrib.items():
            element.set(name, xml_text(value))
    ET.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def number_text(value: float) -> str:
    """A number without an exponent, as short as it can be and still be the same.

    >>> number_text(3.0), number_text(0.1), number_text(1e-7)
    ('3', '0.1', '0.0000001')
    """
    import numpy as np

    return np.format_float_positional(value, trim="-")
