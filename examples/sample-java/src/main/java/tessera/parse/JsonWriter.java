package tessera.parse;

import java.util.List;
import java.util.Map;
import java.util.StringJoiner;

/** Writes compact JSON text on behalf of {@link JsonValue}. */
final class JsonWriter {
    private JsonWriter() { }

    /** Writes the content of a value as compact JSON. */
    static String write(Object raw) {
        if (raw instanceof List<?> list) {
            StringJoiner items = new StringJoiner(",", "[", "]");
            list.forEach(item -> items.add(item.toString()));
            return items.toString();
        }
        if (raw instanceof Map<?, ?> map) {
            StringJoiner members = new StringJoiner(",", "{", "}");
            map.forEach((name, value) -> members.add(quote((String) name) + ":" + value));
            return members.toString();
        }
        return raw instanceof String string ? quote(string) : String.valueOf(raw);
    }

    private static String quote(String string) {
        StringBuilder out = new StringBuilder("\"");
        for (char c : string.toCharArray()) {
            int index = c == '/' ? -1 : JsonReader.ESCAPES.indexOf(c);
            if (index >= 0) {
                out.append('\\').append(JsonReader.ESCAPE_NAMES.charAt(index));
            } else if (c < ' ') {
                out.append(String.format("\\u%04x", (int) c));
            } else {
                out.append(c);
            }
        }
        return out.append('"').toString();
    }
}
