"""Nights of a job: which job a run is a night of, their order, their records, and which of them were good."""
