"""Fine-tuning on a small set, without a user interface: bring it, split it, train in a process of its own, keep or undo."""
