"""The plain HTTP API, and the page that describes it."""
