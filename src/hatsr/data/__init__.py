"""Pictures for training: sources, pairs, preparation."""
