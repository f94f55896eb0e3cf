"""The class tree of a workspace: `taxonomy.txt` in it, indented text, which a person may read and change.

An empty file stands for none. A workspace that cannot be written to has its class tree where `keeping` says; that one counts, then.
"""

from __future__ import annotations

from pathlib import Path

from hypviz.data.formats.taxonomy import MAX_BYTES, parse_taxonomy
from hypviz.data.formats.text import decode
from hypviz.data.taxonomy import Taxonomy, version_of
from hypviz.errors import ConflictError, DataError, WorkspaceError
from hypviz.storage.files import exclusive, read_limited, write_file
from hypviz.storage.keeping import keep, places

FILE = "taxonomy.txt"


def read_taxonomy_of(folder: Path) -> Taxonomy | None:
    """The class tree of a workspace, None when it has none; WorkspaceError for a file that somebody has spoilt."""
    path = _path(folder)
    text = _text(path)
    if not text.strip():
        return None
    try:
        return parse_taxonomy(text, FILE)
    except DataError as error:
        raise WorkspaceError(f"The class tree of {folder.name} cannot be read: {error}") from None


def text_of(folder: Path) -> str:
    """The file's text, as it is; "" when there is none."""
    return _text(_path(folder))


def write_taxonomy_of(folder: Path, taxonomy: Taxonomy | None, *, expected: str | None = None) -> None:
    """Give a workspace a class tree in place of any other, or None to take it away.

    expected: the version (`taxonomy.version_of` the text) of the one that the person saw; ConflictError when it is another one by now,
    None for whatever it is. WorkspaceError when it can be kept nowhere.
    """

    def write(path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with exclusive(path):
            counting = _path(folder)
            if expected is not None and expected != version_of(_text(counting)):
                raise ConflictError("The class tree was changed elsewhere meanwhile; open it again to see it as it is now.")
            write_file(path, lambda part: write_text(part, taxonomy))
            if path == folder / FILE and counting != path:
                counting.unlink(missing_ok=True)

    if keep(folder, FILE, write) is None:
        raise WorkspaceError(f"The class tree of {folder} cannot be kept anywhere; set HYPVIZ_HOME to a folder with room.")


def write_text(path: Path, taxonomy: Taxonomy | None) -> None:
    """The file itself, as it is kept."""
    path.write_text("" if taxonomy is None else taxonomy.to_text(), encoding="utf-8", newline="\n")


def _path(folder: Path) -> Path:
    """The file as it counts: one outside the workspace was made when that could not be written to."""
    return next((place / FILE for place in places(folder)[1:] if (place / FILE).exists()), folder / FILE)


def _text(path: Path) -> str:
    try:
        return decode(read_limited(path, MAX_BYTES), path.name)
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        raise WorkspaceError(f"{path.name} of {path.parent.name} cannot be read ({error}).") from None
