"""Variants of an exported model, one module each."""
