"""hypviz: open the page. `python app.py --data demo --port 7860`, which is `hypviz app` of an installed package."""

from __future__ import annotations

from hypviz.environment import prepare_environment


def main() -> None:
    """Open the page with the options of the command line."""
    prepare_environment()
    import typer

    from hypviz.cli.serve import serve_page

    typer.run(serve_page)


if __name__ == "__main__":
    main()
