"""`python -m hypviz COMMAND`, and the command `hypviz` of an installed package."""

from __future__ import annotations

from hypviz.environment import prepare_environment


def run() -> None:
    """Run the command of the command line."""
    prepare_environment()
    from hypviz.cli import main

    main()


if __name__ == "__main__":
    run()
