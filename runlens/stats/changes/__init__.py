"""Where a series changes for good: steps, ramps, breaks of a schedule, curves that level off."""
