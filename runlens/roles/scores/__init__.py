"""Which score is the main one, of which split a score is that does not say so, and what a policy earns."""
