"""Who is who from frame to frame, and poses that are steady."""
