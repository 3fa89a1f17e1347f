"""What measures the program: each module is a program of its own, see docs/reference/benchmarks.md."""
