"""What the loss rules are made of; no rule stands here."""
