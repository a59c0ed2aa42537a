"""Speed and accuracy, measured; run by make bench and make accuracy."""

import os

# As in the workers, and read when the libraries of linear algebra are loaded: waiting threads would count as work.
os.environ.setdefault("OMP_NUM_THREADS", "1")
