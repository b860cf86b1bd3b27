"""Many frames or pages in one picture file."""
