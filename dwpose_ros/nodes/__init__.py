"""One thin node a file: parameters in, messages out."""
