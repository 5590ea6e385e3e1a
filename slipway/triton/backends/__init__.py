"""Python-based Triton backends. Each folder is a backend of that name; the server gets copies."""
