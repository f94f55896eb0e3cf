"""`python -m hypviz COMMAND`."""

from hypviz.cli import main

if __name__ == "__main__":
    main()
