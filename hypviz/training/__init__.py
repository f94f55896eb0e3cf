"""Training: batches to checkpoint, with losses, optimiser and the state that is resumed."""
