"""What a logged name says: the exact tables first, then patterns."""
