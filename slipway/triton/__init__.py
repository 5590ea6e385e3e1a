"""Starting an inference server on this machine, and the backends it serves with."""
