package tessera.parse;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads JSON text on behalf of {@link JsonValue}. */
final class JsonReader {
    private static final int MAX_DEPTH = 500;
    private static final Pattern NUMBER = Pattern.compile("-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?");
    private static final Pattern HEX = Pattern.compile("[0-9a-fA-F]{4}");
    static final String ESCAPES = "\"\\/\b\f\n\r\t";
    static final String ESCAPE_NAMES = "\"\\/bfnrt";

    private final String text;
    private int position;
    private int depth;

    JsonReader(String text) {
        this.text = text;
    }

    /** Reads the one value that makes up the text. */
    JsonValue readDocument() {
        JsonValue value = readValue();
        if (peek() != 0 || position < text.length()) {
            throw error("unexpected text after the value");
        }
        return value;
    }

    private JsonValue readValue() {
        if (++depth > MAX_DEPTH) {
            throw error("nested too deeply");
        }
        JsonValue value = switch (peek()) {
            case '{' -> readObject();
            case '[' -> readArray();
            case '"' -> JsonValue.of(readString());
            case 't' -> readWord("true", JsonValue.TRUE);
            case 'f' -> readWord("false", JsonValue.FALSE);
            case 'n' -> readWord("null", JsonValue.NULL);
            default -> readNumber();
        };
        depth--;
        return value;
    }

    private JsonValue readWord(String word, JsonValue value) {
        if (!text.startsWith(word, position)) {
            throw error("expected " + word);
        }
        position += word.length();
        return value;
    }

    private JsonValue readNumber() {
        Matcher matcher = NUMBER.matcher(text).region(position, text.length());
        if (!matcher.lookingAt()) {
            throw error("expected a value");
        }
        position = matcher.end();
        try {
            return JsonValue.of(new BigDecimal(matcher.group()));
        } catch (ArithmeticException | NumberFormatException e) {
            throw error("number out of range");
        }
    }

    private JsonValue readArray() {
        List<JsonValue> items = new ArrayList<>();
        position++;
        if (!accept(']')) {
            do {
                items.add(readValue());
            } while (accept(','));
            require(']');
        }
        return JsonValue.array(items.toArray(new JsonValue[0]));
    }

    private JsonValue readObject() {
        Map<String, JsonValue> members = new LinkedHashMap<>();
        position++;
        if (!accept('}')) {
            do {
                String name = readString();
                require(':');
                members.put(name, readValue());
            } while (accept(','));
            require('}');
        }
        return JsonValue.object(members);
    }

    private String readString() {
        require('"');
        StringBuilder out = new StringBuilder();
        while (position < text.length() && text.charAt(position) != '"') {
            char c = text.charAt(position++);
            if (c < ' ') {
                throw error("control character in a string");
            }
            out.append(c == '\\' ? readEscape() : c);
        }
        if (position++ >= text.length()) {
            throw error("unterminated string");
        }
        return out.toString();
    }

    private char readEscape() {
        char name = position < text.length() ? text.charAt(position++) : 0;
        if (name == 'u' && HEX.matcher(text).region(position, text.length()).lookingAt()) {
            position += 4;
            return (char) Integer.parseInt(text.substring(position - 4, position), 16);
        }
        int index = ESCAPE_NAMES.indexOf(name);
        if (index < 0) {
            throw error("bad escape");
        }
        return ESCAPES.charAt(index);
    }

    private char peek() {
        while (position < text.length() && " \t\r\n".indexOf(text.charAt(position)) >= 0) {
            position++;
        }
        return position < text.length() ? text.charAt(position) : 0;
    }

    private boolean accept(char wanted) {
        boolean found = peek() == wanted;
        position += found ? 1 : 0;
        return found;
    }

    private void require(char wanted) {
        if (!accept(wanted)) {
            throw error("expected '" + wanted + "'");
        }
    }

    private IllegalArgumentException error(String message) {
        return new IllegalArgumentException(message + " at " + position);
    }
}
