"""What benchmarks/optimise.py is made of."""
