"""Inverted lists of directions in a file (FAISS), and what is proven about every list: the ground of certified search."""
