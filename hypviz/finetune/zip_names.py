"""The names of files in a zip as their author saw them: the format marks UTF-8, and many programs forget to.

A name that is marked is UTF-8. One that is not is what its Unicode field says, if it has one (Info-ZIP). Of the others all together
decide, since a few Chinese bytes can be UTF-8 by chance: they are UTF-8 if all are (macOS), else Shift-JIS if all can be and there are
kana (Windows in Japan), else GBK if all can be the usual Chinese characters (Windows in China), else each is UTF-8 if it can be, and
code page 437, which the format prescribes, if not. Names are composed Unicode (NFC), since a Mac takes them apart.
"""

from __future__ import annotations

import struct
import unicodedata
import zipfile
from collections.abc import Sequence

from hypviz.data.formats.encodings import looks_chinese, looks_japanese

_UTF8_FLAG = 0x800
_UNICODE_PATH = 0x7075


def names_of(infos: Sequence[zipfile.ZipInfo]) -> list[str]:
    """The names of an archive's entries, in their order, backslashes as they are."""
    raw = [_raw(info) for info in infos]
    unmarked = [data for data in raw if data is not None and not data.isascii()]
    legacy = "" if all(_is(data, "utf-8") for data in unmarked) else _legacy(unmarked)
    return [
        unicodedata.normalize("NFC", _stated(info) or (info.filename if data is None else _decoded(data, info.filename, legacy)))
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


def _legacy(names: Sequence[bytes]) -> str:
    """The encoding that all names can be in and that some of them shows, "" for none but the prescribed one."""
    if looks_japanese(b" ".join(names)) and all(_is(data, "cp932") for data in names):
        return "cp932"
    return "gbk" if all(map(looks_chinese, names)) else ""


def _decoded(data: bytes, name: str, legacy: str) -> str:
    if legacy:
        return data.decode(legacy)
    return data.decode("utf-8") if _is(data, "utf-8") else name
