"""What scripts/build.py is made of."""
