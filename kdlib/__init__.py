"""Knowledge distillation of models that write Java unit-test assertions."""
