"""A node among others on AWS: told by its group when to come and go, found by name, measured."""
