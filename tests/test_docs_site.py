"""The docs as a site, built as `make docs` does: complete, sound in all its links, and without a request to anywhere."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest

pytest.importorskip("sphinx")  # from Python 3.11 on

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "LICENSE", "docs", "examples", "assets/screenshots")
PUBLIC = (
    "hypviz.show", "hypviz.data.importer.import_items", "hypviz.workspace.store.Workspace.open", "hypviz.explore.view.View.select",
    "hypviz.model.encoder.HyperbolicEncoder.from_pretrained", "hypviz.search.index.Index.children", "hypviz.errors.HypvizError",
)  # fmt: skip


def build(source: Path, out: Path) -> subprocess.CompletedProcess[str]:
    """What `make docs` runs, from another folder into another."""
    line = next(line for line in (ROOT / "Makefile").read_text().splitlines() if "-m sphinx" in line)
    options = line.split("-m sphinx ")[1].replace("build/doctrees", str(out / "doctrees")).replace("build/docs", str(out / "site"))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))}
    command = [sys.executable, "-m", "sphinx", *options.split()]
    return subprocess.run(command, cwd=source, env=environment, capture_output=True, text=True, timeout=280)


class Page(HTMLParser):
    """What a page links to, what it loads, and where in it a link may lead."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.anchors = {""}
        self.feed(file.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        stated = {name: value or "" for name, value in attributes}
        self.anchors |= {stated[name] for name in ("id", "name") if name in stated}
        if tag == "a" and "href" in stated:
            self.links.append(stated["href"])
        elif "src" in stated or (tag == "link" and "href" in stated):
            self.loaded.append(stated.get("src") or stated["href"])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("docs")
    done = build(ROOT, folder)
    assert done.returncode == 0, done.stderr
    return folder / "site"


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    return {file: Page(file) for file in sorted(site.rglob("*.html"))}


def test_every_page_is_in_it_and_it_opens_at_the_readme(site: Path) -> None:
    for page in ("README", "CONTRIBUTING", *(f"docs/{path.stem}" for path in (ROOT / "docs").glob("*.md"))):
        assert (site / f"{page}.html").is_file(), page
    assert "url=README.html" in (site / "index.html").read_text()


def test_the_reference_holds_the_public_names_with_their_docstrings(site: Path, pages: dict[Path, Page]) -> None:
    reference = site / "docs" / "reference.html"
    assert set(PUBLIC) <= pages[reference].anchors
    text = re.sub(r"<[^>]+>", "", reference.read_text(encoding="utf-8"))
    assert "click a point for its cone, children, parents and path" in text and "labels: (N,) words" in text


def test_every_link_inside_it_leads_to_a_page_and_an_anchor_of_it(site: Path, pages: dict[Path, Page]) -> None:
    count = 0
    for file, page in pages.items():
        for link in page.links:
            if re.match(r"https?:|mailto:", link):
                continue
            path, anchor = urldefrag(link)
            target = (file.parent / unquote(path)).resolve() if path else file
            assert target.is_file() and target.is_relative_to(site), f"{file.name}: {link}"
            assert target.suffix != ".html" or unquote(anchor) in pages[target].anchors, f"{file.name}: {link}"
            count += 1
    assert count > 500


def test_nothing_is_loaded_from_anywhere_else(site: Path, pages: dict[Path, Page]) -> None:
    for file, page in pages.items():
        for address in page.loaded:
            assert not re.match(r"(https?:)?//", address), f"{file.name}: {address}"
            path = unquote(re.split("[?#]", address)[0])
            assert address.startswith("data:") or not path or (file.parent / path).is_file(), f"{file.name}: {address}"
    for sheet in site.rglob("*.css"):
        assert not re.search(r"(url\(|@import)\s*['\"]?(https?:)?//", sheet.read_text(encoding="utf-8")), sheet.name


def test_a_link_or_an_anchor_that_leads_nowhere_fails_the_build(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name)
        else:
            shutil.copy(ROOT / name, source / name)
    (source / "docs" / "reference.md").write_text("# Without the docstrings, which take long\n")
    peers = source / "docs" / "peers.md"
    peers.write_text(peers.read_text() + "\n[one](absent.md), [two](method.md#no-such-part), [three](method.md#hierarchy)\n")
    done = build(source, tmp_path)
    assert done.returncode != 0
    warnings = [line for line in done.stderr.splitlines() if "WARNING" in line]
    assert all("docs/peers.md" in line for line in warnings), warnings
    assert any("absent.md" in line for line in warnings) and any("no-such-part" in line for line in warnings)
