"""The docs as a site: `make docs` reads the pages as they lie in the repository, and the docstrings, and writes build/docs.

The source is the root of the repository, so that every link means the same here and there. Any warning, such as a link or an anchor
that leads nowhere, fails the build. Nothing in the result asks another machine for anything.
"""

from __future__ import annotations

import re
import sys
from importlib import import_module
from pathlib import Path

from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

project = "hypviz"
author = "the hypviz authors"
copyright = author
release = version = import_module("hypviz").__version__
extensions = ["myst_parser", "sphinx.ext.autodoc"]
root_doc = "README"
include_patterns = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "docs/*.md"]
# folders are pruned by these before they are walked through
exclude_patterns = [".*", "assets", "build", "checkpoints", "hypviz", "node_modules", "runs", "tests", "workspaces"]
myst_heading_anchors = 4
# what stands in backticks is a literal, and its quotation marks stay straight
default_role = "literal"
smartquotes = False
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
html_theme = "furo"
html_title = f"hypviz {release}"
html_show_sphinx = False
html_copy_source = False
html_show_sourcelink = False

CONTENTS = """
```{{toctree}}
:hidden:
:caption: {caption}

{pages}
```
"""
SECTIONS = {
    "Use": ("data", "vectors", "models", "finetune", "publish", "proxy", "hub", "disk"),
    "Measure": ("method", "metrics", "results", "demo", "performance", "scaling"),
    "Program": ("reference", "api", "architecture", "security"),
    "About": ("peers", "licences", "../CHANGELOG", "../CONTRIBUTING", "../SECURITY"),
}
"""What stands beside every page; a page that is missing here fails the build."""
SPECIAL = re.compile(r"([\\*|_\[\]])")


def add_contents(app: Sphinx, page: str, source: list[str]) -> None:
    """The table of contents at the end of README.md, which GitHub need not show."""
    if page == root_doc:
        for caption, names in SECTIONS.items():
            pages = "\n".join(name.removeprefix("../") if name.startswith("../") else f"docs/{name}" for name in names)
            source[0] += CONTENTS.format(caption=caption, pages=pages)


def as_text(app: Sphinx, kind: str, name: str, thing: object, options: object, lines: list[str]) -> None:
    """Docstrings are prose with `code` in it, and doctests: no other sign of reStructuredText means anything in them."""
    in_example = False
    for number, line in enumerate(lines):
        in_example = line.lstrip().startswith(">>>") or (in_example and bool(line.strip()))
        if not in_example:
            parts = re.split(r"(`[^`]*`)", line)
            parts[::2] = [SPECIAL.sub(r"\\\1", part) for part in parts[::2]]
            lines[number] = "".join(part if place % 2 == 0 else f"`{part}`" for place, part in enumerate(parts))


def open_at_readme(app: Sphinx, error: Exception | None) -> None:
    """index.html, which hosts and browsers open first."""
    if error is None and app.builder.format == "html":
        page = f'<!doctype html><meta charset="utf-8"><title>{html_title}</title><meta http-equiv="refresh" content="0; url=README.html">\n'
        (Path(app.outdir) / "index.html").write_text(page, encoding="utf-8")


def setup(app: Sphinx) -> None:
    """What Sphinx calls with itself."""
    app.connect("source-read", add_contents)
    app.connect("autodoc-process-docstring", as_text)
    app.connect("build-finished", open_at_readme)
