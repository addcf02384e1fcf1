"""A virtual person before a virtual camera: pictures with the true places of all 133 points."""
