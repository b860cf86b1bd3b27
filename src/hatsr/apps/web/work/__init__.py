"""The process that does all work, its supervisor, and its tasks."""
