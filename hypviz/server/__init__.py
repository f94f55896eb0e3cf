"""The page. The only package, with `app.py`, that imports Gradio."""
