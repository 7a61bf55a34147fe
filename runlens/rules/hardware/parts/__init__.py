"""What the hardware rules are made of; no rule stands here."""
