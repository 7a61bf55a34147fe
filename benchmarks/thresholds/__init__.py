"""How many broken thresholds, guards and windows the tests notice."""
