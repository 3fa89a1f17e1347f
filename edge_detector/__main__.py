"""`python -m edge_detector` is `porchlight`."""

from edge_detector.cli import main

if __name__ == "__main__":
    main()
