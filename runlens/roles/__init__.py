"""Which logged series plays which part in a run."""
