package tessera.parse;

import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.UnaryOperator;

/** An arithmetic expression over numbers and variables with + - * / ^ and parentheses. */
public sealed interface Expression {
    /** A literal number. */
    record Num(double value) implements Expression {
        @Override
        public String toString() {
            boolean whole = value == Math.rint(value) && Math.abs(value) < 1e15;
            return whole ? Long.toString((long) value) : Double.toString(value);
        }
    }

    /** A named variable. */
    record Var(String name) implements Expression {
        @Override
        public String toString() {
            return name;
        }
    }

    /** Two operands joined by one of + - * / ^. */
    record Binary(char operator, Expression left, Expression right) implements Expression {
        @Override
        public String toString() {
            return "(" + left + " " + operator + " " + right + ")";
        }
    }

    /** Parses a text such as "2 * (x + 1)"; a minus sign before an operand means zero minus it. */
    static Expression parse(String text) {
        return new ExpressionParser(text).parse();
    }

    /** Returns the expression for a number. */
    static Expression number(double value) {
        return new Num(value);
    }

    /** Returns the expression for a variable. */
    static Expression variable(String name) {
        return new Var(name);
    }

    /** Computes the value of an expression without variables. */
    default double evaluate() {
        return evaluate(Map.of());
    }

    /** Computes the value with the given values of the variables. */
    default double evaluate(Map<String, Double> values) {
        if (this instanceof Num num) {
            return num.value();
        }
        if (this instanceof Var variable) {
            Double value = values.get(variable.name());
            if (value == null) {
                throw new IllegalArgumentException("no value for " + variable.name());
            }
            return value;
        }
        Binary node = (Binary) this;
        return apply(node.operator(), node.left().evaluate(values), node.right().evaluate(values));
    }

    /** Applies an operator to two numbers. */
    static double apply(char operator, double left, double right) {
        return switch (operator) {
            case '+' -> left + right;
            case '-' -> left - right;
            case '*' -> left * right;
            case '/' -> left / right;
            case '^' -> Math.pow(left, right);
            default -> throw new IllegalArgumentException("no operator: " + operator);
        };
    }

    /** Returns the names of the variables in alphabetical order. */
    default Set<String> variables() {
        Set<String> names = new TreeSet<>();
        if (this instanceof Var variable) {
            names.add(variable.name());
        } else if (this instanceof Binary node) {
            names.addAll(node.left().variables());
            names.addAll(node.right().variables());
        }
        return names;
    }

    /** Tells whether the expression has no variables. */
    default boolean isConstant() {
        return variables().isEmpty();
    }

    /** Returns the number of levels of the tree; one for a number or a variable. */
    default int depth() {
        return this instanceof Binary node ? 1 + Math.max(node.left().depth(), node.right().depth()) : 1;
    }

    /** Returns the number of numbers, variables and operators. */
    default int size() {
        return this instanceof Binary node ? 1 + node.left().size() + node.right().size() : 1;
    }

    /** Replaces every occurrence of a variable by another expression. */
    default Expression substitute(String name, Expression replacement) {
        if (this instanceof Var variable) {
            return variable.name().equals(name) ? replacement : this;
        }
        return mapOperands(operand -> operand.substitute(name, replacement));
    }

    /** Computes constant parts and drops neutral terms: x + 0, x * 1, x / 1, x ^ 1. */
    default Expression simplify() {
        if (isConstant()) {
            return number(evaluate());
        }
        if (!(mapOperands(Expression::simplify) instanceof Binary node)) {
            return this;
        }
        boolean sum = node.operator() == '+' || node.operator() == '-';
        Expression neutral = number(sum ? 0 : 1);
        boolean commutes = node.operator() == '+' || node.operator() == '*';
        if (node.right().equals(neutral)) {
            return node.left();
        }
        return commutes && node.left().equals(neutral) ? node.right() : node;
    }

    private Expression mapOperands(UnaryOperator<Expression> change) {
        if (this instanceof Binary node) {
            return new Binary(node.operator(), change.apply(node.left()), change.apply(node.right()));
        }
        return this;
    }
}
