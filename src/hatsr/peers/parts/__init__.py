"""What several of these networks are built of, and the rules that all configurations share."""
