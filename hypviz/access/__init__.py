"""Who asks, whose things are whose, which paths those at the page may name, and the log lines about it."""
