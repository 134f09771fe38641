"""What people are told of messaging."""
