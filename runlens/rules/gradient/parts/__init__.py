"""What the rules of gradients have in common."""
