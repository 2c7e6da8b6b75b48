"""What a framework needs of the machine, and what the machine lacks."""
