"""Pictures: read, fitted, shown beside each other, chosen, animated."""
