"""How good a network is: metrics, benchmarks, complexity, reports."""
