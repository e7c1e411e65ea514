"""Fine-tuning and distillation on the transformers Trainer.

Imports point one way: the files of this folder (stages, inputs, checks, results) import ``loop`` (one
training run), and both import ``teacher`` (what a student is compared with).
"""
