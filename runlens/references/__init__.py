"""Reference curves: reading, building, shipping, aligning."""
