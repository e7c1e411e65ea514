"""Knowledge distillation of models that write Java unit-test assertions."""

import os

# OpenMP reads it when torch is loaded. Threads that wait for one another would otherwise spin: beside one
# other busy process a training on two cores took five times as long.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
