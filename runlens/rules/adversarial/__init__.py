"""Networks that train against each other."""
