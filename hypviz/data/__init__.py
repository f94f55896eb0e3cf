"""Items, hierarchies, crops and pairs."""
