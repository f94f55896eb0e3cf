"""The page. The only package, with `app.py`, that imports Gradio."""

from hypviz.server.gradio_import import without_hints

without_hints()
