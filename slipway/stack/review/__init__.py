"""The review of a change: what it does to every resource, what that means, and how grave it is."""
