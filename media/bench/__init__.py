"""What Legato's own voice path is compared with."""
