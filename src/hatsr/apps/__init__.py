"""Command line and web page: parse, call one function, report."""
