"""Pure functions from a `Report` to text or bytes; FORMATS names them all."""
