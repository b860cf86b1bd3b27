"""Commands that train, and those for the pictures to train on: one file each."""
