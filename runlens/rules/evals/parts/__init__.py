"""What the eval rules are made of; no rule stands here."""
