"""A file of each format: bytes <-> codes and metadata as they are stored."""
