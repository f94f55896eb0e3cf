"""Unpack a stranger's zip: checked by its table of contents first, then by what really comes out. All or nothing.

Nothing is written outside the given folder, links and absolute or climbing names are refused, and limits hold for what
the archive says and for what it does. Python's `zipfile` reads it; the limits and the words are ours.
"""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from hypviz.errors import DataError
from hypviz.finetune.zip_names import names_of
from hypviz.progress import OnProgress

MAX_FILES = 12_000
"""Files in one archive: 2,000 pictures with an annotation file each, three times over."""
MAX_UNPACKED = 8 << 30
"""Bytes that may come out of an archive."""
MAX_RATIO, RATIO_FROM = 200, 64 << 20
"""An entry of at least `RATIO_FROM` bytes that was packed to less than a `MAX_RATIO`th is a zip bomb: pictures hardly shrink."""
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2)
"""Ways of packing that are taken; each needs less than 10 MB to unpack."""
_BLOCK = 1 << 20
_JUNK = {"__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini"}


def unpack(archive: Path, folder: Path, *, name: str, on_progress: OnProgress | None = None) -> None:
    """Unpack `archive` into `folder`, which must be there and empty.

    name: what the archive is called in messages.  on_progress(bytes done, bytes in all) may raise to stop. Raises DataError
    for an archive that is none, is damaged, encrypted, too large, or names files outside its folder.
    """
    with _told_as_data_error(name), zipfile.ZipFile(archive) as source:
        entries = _checked(source, name)
        _extract(source, entries, folder, name, on_progress)


@contextmanager
def _told_as_data_error(name: str) -> Iterator[None]:
    try:
        yield
    except zipfile.BadZipFile as error:
        reason = str(error).rstrip(".") or "it cannot be read"
        raise DataError(f"{name} is no zip archive, or a damaged one ({reason}); pack it again.") from None
    except (zlib.error, EOFError, struct.error, OverflowError, UnicodeDecodeError) as error:
        raise DataError(f"{name} is a damaged zip archive ({str(error) or 'it ends too early'}); pack it again.") from None
    except (NotImplementedError, RuntimeError) as error:  # a compression or an encryption that zipfile does not know
        raise DataError(f"{name} cannot be unpacked ({error}); pack it as a plain zip.") from None


def _checked(source: zipfile.ZipFile, name: str) -> list[tuple[zipfile.ZipInfo, PurePosixPath]]:
    """The files to unpack with their places; DataError before anything is written."""
    entries = []
    infos = source.infolist()
    for info, text in zip(infos, names_of(infos), strict=True):
        place = _place(info, text, name)
        if not info.filename:
            raise DataError(f"{name} holds a file without a name; pack it again.")
        if not info.is_dir() and not _JUNK & set(place.parts) and not place.name.startswith("._"):
            entries.append((info, place))
    if not entries:
        raise DataError(f"{name} is empty: expected pictures with their boxes.")
    if len(entries) > MAX_FILES:
        raise DataError(
            f"{name} holds {len(entries):,} files, at most {MAX_FILES:,} are taken here; "
            "import a larger set with `python -m hypviz data import`, it can then be chosen as it is."
        )
    total = sum(info.file_size for info, _ in entries)
    if total > MAX_UNPACKED:
        raise DataError(f"{name} would unpack to {total:,} bytes, at most {MAX_UNPACKED:,} are taken.")
    for info, place in entries:
        if info.file_size >= RATIO_FROM and info.file_size > MAX_RATIO * max(info.compress_size, 1):
            grown = f"{place} would grow from {info.compress_size:,} to {info.file_size:,} bytes"
            raise DataError(f"{name} is packed as a zip bomb is: {grown}.")
    names = [str(place).casefold() for _, place in entries]
    if len(set(names)) < len(names):
        twice = next(str(place) for number, (_, place) in enumerate(entries) if names[number] in names[:number])
        raise DataError(f"{name} holds {twice} twice (capital letters do not count); every file needs a name of its own.")
    return entries


def _place(info: zipfile.ZipInfo, text: str, name: str) -> PurePosixPath:
    """Where an entry goes; DataError for a name that leads out of the folder, a link, or what is encrypted."""
    text = text.replace("\\", "/")
    place = PurePosixPath(text)
    if place.is_absolute() or ".." in place.parts or "\0" in text or (place.parts and place.parts[0].endswith(":")):
        raise DataError(f"{name} names a file outside its own folder ({text!r}); nothing of it was taken.")
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise DataError(f"{name} holds a link or a special file ({text!r}); only plain files are taken.")
    if info.compress_type not in METHODS:  # LZMA takes as much memory as the archive asks for, up to 4 GiB
        raise DataError(f"{name} is packed by a method that is not taken ({text!r}: method {info.compress_type}); pack it as a plain zip.")
    if info.flag_bits & 1:
        raise DataError(f"{name} is encrypted; pack it without a password.")
    return place


def _extract(
    source: zipfile.ZipFile,
    entries: list[tuple[zipfile.ZipInfo, PurePosixPath]],
    folder: Path,
    name: str,
    on_progress: OnProgress | None,
) -> None:
    total, done = sum(info.file_size for info, _ in entries), 0
    for info, place in entries:
        target = folder / place
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with source.open(info) as stream, target.open("xb") as file:
                while block := stream.read(_BLOCK):
                    done += len(block)
                    if done > total:  # the table of contents lied
                        raise DataError(f"{name} unpacks to more than it says; such an archive is not taken.")
                    file.write(block)
        except (OSError, ValueError) as error:  # a name the file system cannot hold, a file where a folder should be, a full disk
            if isinstance(error, (DataError, EOFError)):
                raise
            raise DataError(f"{name}: {place} cannot be unpacked ({getattr(error, 'strerror', None) or error}).") from None
        if on_progress:
            on_progress(done, total)
