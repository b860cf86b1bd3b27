"""Test sets: the known ones, their folders, and what a folder turns out to hold."""
