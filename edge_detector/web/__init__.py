"""The edge's own HTTP API: what it sees now, what it saw, and the evidence; off the internet, behind a token."""
