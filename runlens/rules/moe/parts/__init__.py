"""What MOE001 is made of."""
