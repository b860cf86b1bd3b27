"""The version of the package, for programs and for files that say what made them."""

__version__ = "0.1.0"
