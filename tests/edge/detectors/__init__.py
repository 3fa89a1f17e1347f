"""Tests of edge_detector.detectors."""
