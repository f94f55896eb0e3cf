"""The error tree: every error a person can cause is a `HypvizError` whose text is one clear sentence.

The edges (`cli.py` and `ui/`) show `str(error)` and nothing else; a traceback therefore always means a defect.
"""

from __future__ import annotations


class HypvizError(Exception):
    """Base of all errors meant for a person; the message says what, where, expected, got, and what to do."""


class DataError(HypvizError, ValueError):
    """A data set, annotation or picture that cannot be read as what it claims to be."""


class WorkspaceError(HypvizError):
    """A workspace folder that is missing, half-written, from another schema, or stale."""


class CheckpointError(HypvizError, ValueError):
    """A checkpoint or weights file that is missing, damaged or does not fit the model."""


class HubUnreachableError(CheckpointError):
    """Weights were asked from a hub that cannot be reached from this machine."""


class DeviceError(HypvizError, ValueError):
    """A compute device that was asked for by name but is not there."""


class SettingsError(HypvizError, ValueError):
    """A setting that is unknown or outside its range."""


class SelectionError(HypvizError, LookupError):
    """An item, upload or class that does not exist in the open workspace."""


class BusyError(HypvizError):
    """Long work was asked for while other long work runs; there is one at a time."""


def os_sentence(error: OSError) -> str | None:
    """What the system refused, as one sentence with the file it is about; None for an error that names neither.

    >>> os_sentence(PermissionError(13, "Permission denied", "/a/b"))
    '/a/b: Permission denied.'
    """
    return None if error.filename is None or error.strerror is None else f"{error.filename}: {error.strerror}."
