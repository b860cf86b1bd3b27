"""Commands that study what networks do: one file each."""
