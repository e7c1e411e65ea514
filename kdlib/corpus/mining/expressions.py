"""Types of expressions that follow from syntax or a well-known name, by kinds of tree-sitter's grammar."""

from __future__ import annotations

from kdlib.corpus.mining.overloads import LAMBDA, NULL

LITERALS = {
    "string_literal": "String",
    "character_literal": "char",
    "decimal_integer_literal": "int",
    "hex_integer_literal": "int",
    "octal_integer_literal": "int",
    "binary_integer_literal": "int",
    "decimal_floating_point_literal": "double",
    "true": "boolean",
    "false": "boolean",
    "class_literal": "Class",
    "null_literal": NULL,
    "lambda_expression": LAMBDA,
    "method_reference": LAMBDA,
    "instanceof_expression": "boolean",
}
SUFFIXES = {
    ("decimal_integer_literal", "l"): "long",
    ("hex_integer_literal", "l"): "long",
    ("decimal_floating_point_literal", "f"): "float",
}
COMPARISONS = frozenset({"==", "!=", "<", ">", "<=", ">=", "&&", "||"})
# Methods of the JDK whose result types often decide between overloads.
LIBRARY = {
    "equals": "boolean",
    "getBytes": "byte[]",
    "getClass": "Class",
    "hashCode": "int",
    "isEmpty": "boolean",
    "length": "int",
    "size": "int",
    "substring": "String",
    "toByteArray": "byte[]",
    "toCharArray": "char[]",
    "toString": "String",
}
# Expressions that have the type of their n-th part.
SAME_TYPE_AS = {
    "parenthesized_expression": 0,
    "unary_expression": 0,
    "update_expression": 0,
    "ternary_expression": 1,
    "assignment_expression": 1,
}
