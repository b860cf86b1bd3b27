"""The tables that the paper and the field published."""
