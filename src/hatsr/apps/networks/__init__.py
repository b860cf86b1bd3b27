"""Commands about networks and their files: one file each."""
