"""The error tree: every error a person can cause is a `HypvizError` whose text is one clear sentence.

The command line shows `str(error)` and nothing else, the page `page_sentence(error)`; a traceback therefore always means a defect.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Collection


class HypvizError(Exception):
    """Base of all errors meant for a person; the message says what, where, expected, got, and what to do."""


class DataError(HypvizError, ValueError):
    """A data set, annotation or picture that cannot be read as what it claims to be."""


class WorkspaceError(HypvizError):
    """A workspace folder that is missing, half-written, from another schema, or stale."""


class CheckpointError(HypvizError, ValueError):
    """A checkpoint or weights file that is missing, damaged or does not fit the model."""


class UnknownWeightsError(CheckpointError):
    """Weights without a card, of no published format that is read without one."""


class HubError(HypvizError):
    """A repository of a hub that cannot be named so, fetched or written."""


class HubUnreachableError(CheckpointError):
    """A checkpoint or weights were asked from a hub that cannot be reached from this machine, or that refuses them."""


class DeviceError(HypvizError, ValueError):
    """A compute device that was asked for by name but is not there."""


class SettingsError(HypvizError, ValueError):
    """A setting that is unknown or outside its range."""


class SelectionError(HypvizError, LookupError):
    """An item, upload or class that does not exist in the open workspace."""


class ConflictError(DataError):
    """What was to be changed has been changed by somebody else meanwhile; look at it as it is now and try again."""


class BusyError(HypvizError):
    """Long work was asked for while other long work runs; there is one at a time."""


class ForbiddenError(HypvizError):
    """Something that the one who asks may not do: it belongs to somebody else, or the server is read-only."""


class QuotaError(HypvizError):
    """More than a person, or all of them together, may keep on the server."""


class CollapseError(HypvizError):
    """A training that has gone where nothing is learned any more."""


class StorageError(HypvizError):
    """The disk is full, read-only or not the server's to write on."""


def os_sentence(error: OSError) -> str | None:
    """What the system refused, as one sentence with the file it is about; None for an error that names neither.

    >>> os_sentence(PermissionError(13, "Permission denied", "/a/b"))
    '/a/b: Permission denied.'
    """
    return None if error.filename is None or error.strerror is None else f"{error.filename}: {error.strerror}."


_FULL = frozenset(getattr(errno, name) for name in ("ENOSPC", "EDQUOT", "EFBIG") if hasattr(errno, name))
_CLOSED = (errno.EROFS, errno.EACCES, errno.EPERM)


def storage_sentence(error: OSError) -> tuple[str, int]:
    """What the system refused, as one sentence for the page, without places on the server, and the HTTP status that fits.

    >>> storage_sentence(OSError(28, "No space left on device", "/home/ada/x/annotations.json"))
    ('The disk of the server is full (annotations.json); whoever runs it has to make room.', 507)
    """
    name = re.split(r"[/\\\\]", os.fsdecode(error.filename))[-1][:60] if isinstance(error.filename, (str, bytes, os.PathLike)) else ""
    about = f" ({name})" if name else ""
    if error.errno in _FULL:
        return f"The disk of the server is full{about}; whoever runs it has to make room.", 507
    if error.errno in _CLOSED:
        return (
            f"The server may not write there{about}: {error.strerror}; whoever runs it has to set HYPVIZ_HOME to a folder it may use.",
            507,
        )
    if error.errno == errno.ENAMETOOLONG:
        return "A name in this request is longer than the disk of the server can hold; use a shorter one.", 422
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        return f"A file of this is not there any more{about}; reload the page.", 404
    if error.errno in (errno.EMFILE, errno.ENFILE, errno.EAGAIN):
        return "The server is busy with too many things at once; try again in a moment.", 503
    return f"The server cannot do this: {error.strerror or type(error).__name__}{about}.", 500


def without_options(text: str, known: Collection[str] = ()) -> str:
    """A message as a sentence without its clauses that are advice for a command line (" --images"); known: options that may stay.

    >>> without_options("a.json names 5 pictures, none was found; name their folder by --images.")
    'a.json names 5 pictures, none was found.'
    >>> without_options("x: rows of numbers; export them as COCO, or open the pictures alone by --format folder.")
    'x: rows of numbers; export them as COCO.'
    >>> without_options("x: 5 % leave, say which by --boxes xyxy or --boxes xywh. Keep one of them.")
    'x: 5 % leave. Keep one of them.'
    >>> without_options("Use --port 80.", ["--port"])
    'Use --port 80.'
    """
    sentences = re.split(r"(?<=[.!?]) (?=[A-Z])", text)
    shortened = [sentence for each in sentences if (sentence := _without(each, known))]
    return " ".join(shortened) or text.partition(" --")[0].rstrip(" ,;:") + "."


def _without(sentence: str, known: Collection[str]) -> str:
    """One sentence without such clauses; "" when it was nothing else."""
    rest = sentence
    start = 0
    while option := re.search(r" (--[a-z][\w-]*)", rest[start:]):
        place = start + option.start()
        if option[1] in known:
            start = place + 1
            continue
        cut = max(rest.rfind(sign, 0, place + 1) for sign in ("; ", ", or ", ", and "))
        cut = cut if cut >= 0 else rest.rfind(", ", 0, place + 1)
        if cut < 0:
            return ""
        rest = rest[:cut]
        start = min(start, len(rest))
    return rest.rstrip(".") + "." if rest != sentence else sentence


_HIDDEN = re.compile(r"(?:[A-Za-z]:)?(?:[/\\\\][^/\\\\\n:;,'\"()]*)*[/\\\\]\.[^/\\\\\s.][^/\\\\\n]*[/\\\\]")
"""The way to a hidden folder, with the folder."""


def page_sentence(error: BaseException | str) -> str:
    """An error as the page shows it: without advice for a command line, which a page has not, and without ways through hidden folders.

    >>> page_sentence("/home/ada/.intake-7/pictures/a.json: not a JSON file; choose another by --annotations.")
    'pictures/a.json: not a JSON file.'
    """
    return without_options(_HIDDEN.sub("", str(error)))
