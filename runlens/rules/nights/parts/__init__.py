"""What the rules on nights are made of; no rule stands here."""
