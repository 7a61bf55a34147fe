"""What the throughput rules are made of; no rule stands here."""
