"""Results as tables, files and an HTML page."""
