"""VGG-19: its layers, its weights, and how they come onto this machine."""
