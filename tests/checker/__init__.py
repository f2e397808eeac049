"""An independent judge of what a hub did: histories recorded at its edges against the log in its store."""
