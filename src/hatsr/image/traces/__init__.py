"""What pixels and headers tell of a picture's past: JPEG before, the program that made it."""
