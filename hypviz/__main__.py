"""`python -m hypviz COMMAND`."""

import os

os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "10")  # as in app.py, which the benches measure; before numpy loads

from hypviz.cli import main

if __name__ == "__main__":
    main()
