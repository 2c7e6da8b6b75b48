"""What breaks under attack, and must not."""
