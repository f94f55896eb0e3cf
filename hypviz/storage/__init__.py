"""The home folder and its files: written whole, held by one at a time, swept of what the dead left."""
