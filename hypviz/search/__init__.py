"""Exact retrieval over directions and radii, and the metrics that judge it."""
