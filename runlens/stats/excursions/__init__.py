"""Where a curve leaves its level, how far noise alone would reach, and how it came back."""
