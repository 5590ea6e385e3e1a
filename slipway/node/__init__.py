"""The agent beside Triton: it brings what is released to a server, and keeps it answering."""
