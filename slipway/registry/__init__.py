"""Immutable versions of models, and the pointers of environments to them.

store      where it all lies: read, conditional write, upload, download (directory.py, s3.py)
manifest   what a version is
versions   publish, list, read and verify versions
releases   point an environment at a version, and roll back
"""
