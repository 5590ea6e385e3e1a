"""The AWS side: one Pulumi component a file, wired in `stack.py`."""
