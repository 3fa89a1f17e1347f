"""Tests of the benchmarks: run small, they measure what they say."""
