"""From examples and splits to token rows: tokenizer, length filter, subsets."""
