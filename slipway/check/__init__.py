"""What is asked of a served model: does it answer rightly, refuse properly, and how fast is it."""
