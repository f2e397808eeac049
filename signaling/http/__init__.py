"""The HTTP door: verbs about sessions, tickets and blobs, and what watches the node."""
