"""Draw poses for people, and export them for image generators."""
