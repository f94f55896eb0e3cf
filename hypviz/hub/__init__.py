"""Repositories of the Hugging Face hub, and only when they are named: addresses, fetching, writing, and what stands in a README.md."""
