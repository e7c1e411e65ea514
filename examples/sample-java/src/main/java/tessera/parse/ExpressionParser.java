package tessera.parse;

/** A recursive-descent parser on behalf of {@link Expression}. */
final class ExpressionParser {
    private final String text;
    private int position;

    ExpressionParser(String text) {
        this.text = text;
    }

    /** Parses the whole text. */
    Expression parse() {
        Expression result = sum();
        if (peek() != 0) {
            throw error("unexpected '" + peek() + "'");
        }
        return result;
    }

    private Expression sum() {
        Expression left = product();
        while (peek() == '+' || peek() == '-') {
            left = new Expression.Binary(next(), left, product());
        }
        return left;
    }

    private Expression product() {
        Expression left = signed();
        while (peek() == '*' || peek() == '/') {
            left = new Expression.Binary(next(), left, signed());
        }
        return left;
    }

    private Expression signed() {
        if (peek() == '-') {
            return new Expression.Binary(next(), Expression.number(0), signed());
        }
        Expression base = operand();
        return peek() == '^' ? new Expression.Binary(next(), base, signed()) : base;
    }

    private Expression operand() {
        if (peek() == '(') {
            next();
            Expression inner = sum();
            if (peek() != ')') {
                throw error("expected ')'");
            }
            next();
            return inner;
        }
        int start = isWordPart(peek()) ? position : text.length();
        int end = start;
        while (end < text.length() && isWordPart(text.charAt(end))) {
            end++;
        }
        if (start == end) {
            throw error("expected an operand");
        }
        position = end;
        return leaf(text.substring(start, end));
    }

    private static boolean isWordPart(char c) {
        return Character.isLetterOrDigit(c) || c == '.';
    }

    private Expression leaf(String word) {
        if (word.matches("[0-9]*\\.?[0-9]+|[0-9]+\\.")) {
            return Expression.number(Double.parseDouble(word));
        }
        if (!word.matches("[A-Za-z][A-Za-z0-9]*")) {
            throw error("no number or name: " + word);
        }
        return Expression.variable(word);
    }

    private char peek() {
        while (position < text.length() && Character.isWhitespace(text.charAt(position))) {
            position++;
        }
        return position < text.length() ? text.charAt(position) : 0;
    }

    private char next() {
        return text.charAt(position++);
    }

    private IllegalArgumentException error(String message) {
        return new IllegalArgumentException(message + " at " + position);
    }
}
