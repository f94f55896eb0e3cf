"""One file per annotation format; each yields `RawImage` records."""
