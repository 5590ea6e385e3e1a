"""What benchmarks/variants.py is made of."""
