"""What pixels and headers tell of a picture's past: JPEG, noise, the program that made it."""
