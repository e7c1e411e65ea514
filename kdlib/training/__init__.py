"""Fine-tuning and distillation on the transformers Trainer."""
