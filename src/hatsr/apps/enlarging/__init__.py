"""Commands that enlarge pictures: one file each."""
