"""What LR001 is made of."""
