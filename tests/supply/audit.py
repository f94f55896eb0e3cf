"""Check the locked packages against a snapshot of advisories on disk; nothing is fetched.

    python tests/supply/audit.py SNAPSHOT

SNAPSHOT: a folder of OSV records (.json), or a zip of them, as OSV publishes for PyPI. Exit status: 0 nothing known, 1 something is,
2 there is no snapshot to look into, which is said and is no verdict.
"""

from __future__ import annotations

import json
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.supply.locked import pinned, requirements

Json = dict[str, Any]


def records(snapshot: Path) -> Iterator[Json]:
    """The advisories of a snapshot."""
    if snapshot.is_dir():
        yield from (json.loads(path.read_bytes()) for path in sorted(snapshot.rglob("*.json")))
    else:
        with zipfile.ZipFile(snapshot) as archive:
            yield from (json.loads(archive.read(name)) for name in sorted(archive.namelist()) if name.endswith(".json"))


def affects(affected: Json, version: str) -> bool:
    """Whether one entry "affected" of an OSV record names a version: in its list, or in a range of events."""
    if version in affected.get("versions", ()):
        return True
    return any(_in_range(one.get("events", ()), version) for one in affected.get("ranges", ()) if one.get("type") == "ECOSYSTEM")


def _in_range(events: list[Json], version: str) -> bool:
    """OSV's rule: the events in the order of their versions; the last one at or below the version decides."""
    wanted, inside = Version(version), False
    marks = [(_version(text), kind) for event in events for kind, text in event.items()]
    for mark, kind in sorted((mark for mark in marks if mark[0] is not None), key=lambda mark: (mark[0], mark[1] == "introduced")):
        if kind == "introduced" and wanted >= mark:
            inside = True
        elif (kind == "fixed" and wanted >= mark) or (kind == "last_affected" and wanted > mark):
            inside = False
    return inside


def _version(text: str) -> Version | None:
    try:
        return Version("0" if text == "0" else text)
    except InvalidVersion:
        return None


def audit(snapshot: Path, locks: tuple[str, ...] = ("requirements.lock", "requirements-dev.lock")) -> tuple[list[str], int]:
    """(a line for each advisory that names a locked version, how many advisories were looked at)."""
    locked: dict[str, set[str]] = {}
    for name, version in (pinned(one) for lock in locks for one, _ in requirements(lock)):
        locked.setdefault(name, set()).add(version)
    lines, count = [], 0
    for record in records(snapshot):
        count += 1
        if record.get("withdrawn"):
            continue
        for affected in record.get("affected", ()):
            package = affected.get("package", {})
            name = canonicalize_name(str(package.get("name", "")))
            hit = sorted(version for version in locked.get(name, ()) if package.get("ecosystem") == "PyPI" and affects(affected, version))
            if hit:
                lines.append(f"{name} {', '.join(hit)}: {record.get('id')} {record.get('summary', '')}".rstrip())
    return list(dict.fromkeys(lines)), count


def main(arguments: list[str]) -> int:
    """The command."""
    snapshot = Path(arguments[0]) if arguments else None
    if snapshot is None or not snapshot.exists():
        print("No snapshot of advisories was looked into: make audit ADVISORIES=FOLDER_OR_ZIP of OSV records for PyPI.")
        return 2
    lines, count = audit(snapshot)
    print(*lines, f"{len(lines)} known in {count:,} advisories.", sep="\n")
    return int(bool(lines) or not count)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
