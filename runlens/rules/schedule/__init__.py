"""LR: the learning rate beside its own schedule."""
