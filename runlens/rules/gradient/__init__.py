"""GRAD: gradient norms."""
