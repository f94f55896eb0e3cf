"""mutmut reads its settings from the current folder when it is imported, so the module that imports it opens in its own folder only."""

collect_ignore = ["mutating.py"]
