"""Speed and accuracy, measured; run by make bench and make accuracy."""
