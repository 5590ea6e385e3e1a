"""What a server does when it starts: its user data, as cloud-init reads it.

`files/` holds the scripts and systemd units as they come onto the server; nothing is filled into
them. What differs between servers is in the files that `userdata.py` writes beside them.
"""

from infra.boot.node import node_environment
from infra.boot.userdata import Boot, user_data

__all__ = ["Boot", "node_environment", "user_data"]
