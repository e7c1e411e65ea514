"""Pure loss functions on valid target positions."""
