"""Events of nodes."""
