"""The Pulumi program seen from outside: it is run, never imported."""
