"""Bytes of a format read without decoding its pixels: chunks, scans, tables, quantisers."""
