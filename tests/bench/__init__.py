"""What the hot paths cost, each beside a plain alternative in the same run: `make bench`."""
