"""What GAN001 is made of."""
