"""OpenImages: its files fetched, HierOpenImages mined from them, a made-up world of its size."""
