"""The parts of tools/train_mini.py, one idea per file."""
