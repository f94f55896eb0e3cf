"""The names of files in a zip as their author saw them: the format marks UTF-8, and many programs forget to.

A name that is marked is UTF-8. One that is not is what its Unicode field says, if it has one (Info-ZIP). Of the others all together
decide, since a few Chinese bytes can be UTF-8 by chance: they are UTF-8 if all are (macOS), else GBK if all can be the usual Chinese
characters (Windows in China), else each is UTF-8 if it can be, and code page 437, which the format prescribes, if not. Names are
composed Unicode (NFC), since a Mac takes them apart.
"""

from __future__ import annotations

import struct
import unicodedata
import zipfile
from collections.abc import Sequence

_UTF8_FLAG = 0x800
_UNICODE_PATH = 0x7075


def names_of(infos: Sequence[zipfile.ZipInfo]) -> list[str]:
    """The names of an archive's entries, in their order, backslashes as they are."""
    raw = [_raw(info) for info in infos]
    unmarked = [data for data in raw if data is not None and not data.isascii()]
    chinese = not all(_is(data, "utf-8") for data in unmarked) and all(map(_looks_chinese, unmarked))
    return [
        unicodedata.normalize("NFC", _stated(info) or (info.filename if data is None else _decoded(data, info.filename, chinese)))
        for info, data in zip(infos, raw, strict=True)
    ]


def _raw(info: zipfile.ZipInfo) -> bytes | None:
    """The bytes of a name that is not marked as UTF-8, None for one that is."""
    if info.flag_bits & _UTF8_FLAG:
        return None
    try:
        return info.orig_filename.encode("cp437")
    except UnicodeEncodeError:
        return None


def _stated(info: zipfile.ZipInfo) -> str:
    """The name in the Unicode field of an entry; "" when there is none."""
    extra = info.extra
    while len(extra) >= 4:
        kind, size = struct.unpack("<HH", extra[:4])
        if kind == _UNICODE_PATH and size > 5 and _is(extra[9 : 4 + size], "utf-8"):
            return extra[9 : 4 + size].decode("utf-8")
        extra = extra[4 + size :]
    return ""


def _is(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _looks_chinese(data: bytes) -> bool:
    """Whether all bytes beyond ASCII come in pairs of GB 2312, as European letters of code page 437 hardly do.

    >>> _looks_chinese("猫.png".encode("gbk")), _looks_chinese("Übung ä.png".encode("cp437"))
    (True, False)
    """
    place = 0
    while place < len(data):
        if data[place] < 0x80:
            place += 1
        elif 0xB0 <= data[place] <= 0xF7 and place + 1 < len(data) and data[place + 1] >= 0xA1 and _is(data[place : place + 2], "gbk"):
            place += 2
        else:
            return False
    return True


def _decoded(data: bytes, name: str, chinese: bool) -> str:
    if chinese:
        return data.decode("gbk")
    return data.decode("utf-8") if _is(data, "utf-8") else name
