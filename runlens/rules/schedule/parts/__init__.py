"""What RL001 is made of."""
