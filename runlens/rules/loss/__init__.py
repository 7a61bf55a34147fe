"""LOSS: the training loss."""
