"""Which encoding bytes that are no UTF-8 have: told from how their bytes beyond ASCII stand together, or not at all.

Windows-1252 has accented letters one by one among plain ones. GB 2312 has pairs, most of them of the common characters of its first
level; Shift-JIS has pairs with kana among them. What is none of the three (Cyrillic, Greek, Korean…) cannot be told from bytes, and a
guess would rename classes: its encoding is "".
"""

from __future__ import annotations

import re

_RUN = re.compile(rb"[\x80-\xff]+")
_LONGEST = 3
"""Accented letters and typographic signs that stand together in western text, at most."""
_SIGNS = frozenset("…‘’“”–—™°©®¿¡«»€£§·²³½¼¾×")


def looks_chinese(data: bytes) -> bool:
    """Whether all bytes beyond ASCII come in pairs of GB 2312's characters, as European letters hardly do.

    >>> looks_chinese("猫.png".encode("gbk")), looks_chinese("Übung ä.png".encode("cp437"))
    (True, False)
    """
    return _decodes(data, "gbk") and all(_pairs(run, 0xB0, 0xF7) for run in _RUN.findall(data))


def looks_japanese(data: bytes) -> bool:
    """Whether bytes are Shift-JIS with kana among them.

    >>> looks_japanese("ねこ".encode("shift_jis")), looks_japanese("Größe".encode("cp1252"))
    (True, False)
    """
    if not _decodes(data, "cp932"):
        return False
    letters = [letter for letter in data.decode("cp932") if letter > "\x7f"]
    kana = sum("\u3040" <= letter <= "\u30ff" for letter in letters)
    return kana > 0 and all("\u3000" <= letter <= "\u30ff" or "\u4e00" <= letter <= "\u9fff" or letter >= "\uff01" for letter in letters)


def legacy_encoding(data: bytes) -> str:
    """ "cp932", "gbk", "cp1252", or "" when it cannot be told.

    >>> [legacy_encoding(text.encode(code)) for text, code in (("Löwe", "cp1252"), ("猫", "gbk"), ("кошка", "cp1251"))]
    ['cp1252', 'gbk', '']
    """
    if looks_japanese(data):
        return "cp932"
    runs = _RUN.findall(data)
    common = sum(run[at] <= 0xD7 for run in runs for at in range(0, len(run), 2))
    if looks_chinese(data) and common >= 0.7 * sum(len(run) // 2 for run in runs) > 0:
        return "gbk"
    return "cp1252" if _looks_western(data, runs) else ""


def _looks_western(data: bytes, runs: list[bytes]) -> bool:
    """Whether bytes beyond ASCII are letters and typographic signs, and few stand together."""
    if not _decodes(data, "cp1252") or any(len(run) > _LONGEST for run in runs):
        return False
    return all(letter.isalpha() or letter in _SIGNS for letter in b"".join(runs).decode("cp1252"))


def _pairs(run: bytes, low: int, high: int) -> bool:
    return len(run) % 2 == 0 and all(low <= run[at] <= high and run[at + 1] >= 0xA1 for at in range(0, len(run), 2))


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
