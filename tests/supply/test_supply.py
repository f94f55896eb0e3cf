"""What the two commands install: named byte for byte, with a known licence, and looked up in advisories where there are any."""

from __future__ import annotations

import json
import re
import sys
import zipfile
from importlib.metadata import distribution
from pathlib import Path

import pytest
import yaml

import hypviz
from tests.supply import audit as auditing
from tests.supply import licences
from tests.supply.audit import affects, audit, main
from tests.supply.locked import ROOT, here, pinned, requirements

PAIRS = (("requirements.txt", "requirements.lock"), ("requirements-dev.txt", "requirements-dev.lock"))


@pytest.mark.parametrize(("wanted", "lock"), PAIRS)
def test_the_lock_holds_every_requirement_as_it_is_pinned(wanted: str, lock: str) -> None:
    locked = {pinned(one) for one, _ in requirements(lock)}
    missing = {pinned(one) for one, _ in requirements(wanted)} - locked
    assert not missing, f"run make lock: {missing}"
    assert len(locked) > len(requirements(wanted))  # what they need themselves is there too


@pytest.mark.parametrize("lock", [lock for _, lock in PAIRS])
def test_every_locked_package_is_pinned_with_its_hashes_and_no_place_to_fetch_it_from(lock: str) -> None:
    for one, hashes in requirements(lock):
        assert pinned(one)[1] and hashes and all(re.fullmatch(r"sha256:[0-9a-f]{64}", each) for each in hashes), one.name
        assert one.url is None
    assert not re.search(r"https?:|index-url|find-links", (ROOT / lock).read_text())


def test_both_locks_agree_and_torch_has_its_partner() -> None:
    app, dev = here("requirements.lock"), here("requirements-dev.lock")
    assert app.items() <= dev.items()
    assert {"torch", "torchvision"} <= app.keys()


def test_the_commands_install_from_the_locks_with_hashes() -> None:
    makefile = (ROOT / "Makefile").read_text()
    (install,) = [line for line in makefile.splitlines() if "pip install" in line]
    assert install.startswith("INSTALL = ") and "--require-hashes" in install
    uses = [line.strip() for line in makefile.splitlines() if "$(INSTALL)" in line]
    assert uses == ["$(INSTALL) -r requirements$(LOCKED)", "$(INSTALL) -r requirements-dev$(LOCKED)"]


def test_every_installed_package_states_a_licence() -> None:
    rows = licences.table("requirements.lock")
    unknown = [name for name, _, licence in rows if licence == "not stated"]
    assert not unknown
    assert {licences.licence_of(distribution(name)) for name in ("gradio", "pillow", "pyyaml")} == {"Apache-2.0", "MIT-CMU", "MIT"}


@pytest.mark.skipif(sys.version_info[:2] != (3, 11) or sys.platform != "linux", reason="the page is of one Python and platform")
def test_the_page_of_licences_lists_what_is_locked() -> None:
    rows = licences.table("requirements.lock")
    listed = licences.DOCUMENT.read_text(encoding="utf-8")
    missing = [f"{name} {version}" for name, version, _ in rows if f"| {name} | {version} |" not in listed]
    assert not missing, f"run make licences: {missing}"


EVENTS = [{"introduced": "0"}, {"fixed": "1.4"}, {"introduced": "2.0"}, {"last_affected": "2.2"}]


@pytest.mark.parametrize(
    ("version", "hit"), [("1.3.9", True), ("1.4", False), ("1.10", False), ("2.0", True), ("2.2", True), ("2.2.1", False)]
)
def test_ranges_are_read_by_the_rule_of_the_format(version: str, hit: bool) -> None:
    assert affects({"ranges": [{"type": "ECOSYSTEM", "events": EVENTS}]}, version) is hit
    assert not affects({"ranges": [{"type": "GIT", "events": EVENTS}]}, version)
    assert affects({"versions": [version]}, version)


def test_a_snapshot_is_searched_for_what_is_locked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    numpy = here("requirements.lock")["numpy"]

    def record(name: str, **more: object) -> str:
        range_ = {"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}
        return json.dumps({"id": f"X-{name}", "affected": [{"package": {"ecosystem": "PyPI", "name": name}, "ranges": [range_]}], **more})

    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("a.json", record("NumPy"))
        archive.writestr("b.json", record("another"))
        archive.writestr("c.json", record("torch", withdrawn="2026-01-01T00:00:00Z"))
    lines, count = audit(tmp_path / "all.zip")
    assert count == 3 and len(lines) == 1 and numpy in lines[0] and "X-NumPy" in lines[0]
    assert main([str(tmp_path / "all.zip")]) == 1
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "b.json").write_text(record("another"))
    assert main([str(tmp_path / "records")]) == 0
    assert main([]) == 2 == main([str(tmp_path / "absent")])  # no snapshot is no verdict
    assert "No snapshot" in capsys.readouterr().out and auditing.audit is audit


def test_the_citation_states_the_version_and_the_licence_of_the_package() -> None:
    stated = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert (stated["version"], stated["license"]) == (hypviz.__version__, "Apache-2.0")
    assert stated["preferred-citation"]["url"].endswith("2411.17490")


def test_packages_of_npm_are_tools_only_each_with_its_hash_and_no_place_to_fetch_it_from() -> None:
    wanted = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    locked = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert "dependencies" not in wanted
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in wanted["devDependencies"].values())
    assert locked.pop("")["devDependencies"] == wanted["devDependencies"], "run make lock"
    for name, one in locked.items():
        assert one["dev"] and one["integrity"].startswith("sha512-") and "resolved" not in one, name
