package tessera.parse;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** An immutable JSON value: null, a boolean, a number, a string, an array or an object. */
public final class JsonValue {
    /** The JSON null. */
    public static final JsonValue NULL = new JsonValue(null);
    /** The JSON true. */
    public static final JsonValue TRUE = new JsonValue(Boolean.TRUE);
    /** The JSON false. */
    public static final JsonValue FALSE = new JsonValue(Boolean.FALSE);

    private final Object raw;

    private JsonValue(Object raw) {
        this.raw = raw;
    }

    /** Parses a complete JSON text. */
    public static JsonValue parse(String text) {
        return new JsonReader(text).readDocument();
    }

    /** Returns the value for a boolean. */
    public static JsonValue of(boolean value) {
        return value ? TRUE : FALSE;
    }

    /** Returns the value for a string, or {@link #NULL} for a null reference. */
    public static JsonValue of(String value) {
        return value == null ? NULL : new JsonValue(value);
    }

    /** Returns the value for a number; numerically equal numbers give equal values. */
    public static JsonValue of(BigDecimal value) {
        BigDecimal plain = value.stripTrailingZeros();
        return new JsonValue(plain.scale() < 0 && plain.scale() >= -20 ? plain.setScale(0) : plain);
    }

    /** Returns the value for an integer. */
    public static JsonValue of(long value) {
        return of(BigDecimal.valueOf(value));
    }

    /** Returns an array of the given items. */
    public static JsonValue array(JsonValue... items) {
        return new JsonValue(List.copyOf(Arrays.asList(items)));
    }

    /** Returns an object with the given members, in the order of the map. */
    public static JsonValue object(Map<String, JsonValue> members) {
        return new JsonValue(new LinkedHashMap<>(members));
    }

    /** Tells whether this is the JSON null. */
    public boolean isNull() {
        return raw == null;
    }

    /** Names the JSON type: "null", "boolean", "number", "string", "array" or "object". */
    public String typeName() {
        if (raw == null) {
            return "null";
        }
        if (raw instanceof Boolean) {
            return "boolean";
        }
        if (raw instanceof BigDecimal) {
            return "number";
        }
        return raw instanceof String ? "string" : raw instanceof List ? "array" : "object";
    }

    /** Returns the boolean, or fails when this is another type. */
    public boolean asBoolean() {
        return expect(Boolean.class, "boolean");
    }

    /** Returns the number as an int, or fails when it is no int. */
    public int asInt() {
        return expect(BigDecimal.class, "number").intValueExact();
    }

    /** Returns the number as a double, or fails when this is another type. */
    public double asDouble() {
        return expect(BigDecimal.class, "number").doubleValue();
    }

    /** Returns the string, or fails when this is another type. */
    public String asString() {
        return expect(String.class, "string");
    }

    /** Returns the number of items or members; zero for scalars. */
    public int size() {
        return raw instanceof List<?> list ? list.size() : raw instanceof Map<?, ?> map ? map.size() : 0;
    }

    /** Returns the names of the members in their order; empty when this is no object. */
    public List<String> names() {
        List<String> names = new ArrayList<>();
        if (raw instanceof Map<?, ?> map) {
            map.keySet().forEach(name -> names.add((String) name));
        }
        return names;
    }

    /** Returns the named member, or {@link #NULL} when there is none. */
    public JsonValue get(String name) {
        return raw instanceof Map<?, ?> map && map.get(name) instanceof JsonValue value ? value : NULL;
    }

    /** Returns the item at an index, counted from the end when negative; {@link #NULL} when outside. */
    public JsonValue at(int index) {
        int position = index < 0 ? index + size() : index;
        boolean inside = raw instanceof List && position >= 0 && position < size();
        return inside ? (JsonValue) ((List<?>) raw).get(position) : NULL;
    }

    /** Follows a slash-separated path such as "/users/0/name"; {@link #NULL} when it leads nowhere. */
    public JsonValue find(String pointer) {
        JsonValue value = this;
        for (String step : pointer.isEmpty() ? new String[0] : pointer.substring(1).split("/", -1)) {
            String name = step.replace("~1", "/").replace("~0", "~");
            boolean index = value.raw instanceof List && name.matches("0|[1-9][0-9]{0,8}");
            value = index ? value.at(Integer.parseInt(name)) : value.get(name);
        }
        return value;
    }

    private <T> T expect(Class<T> type, String wanted) {
        if (!type.isInstance(raw)) {
            throw new IllegalStateException("expected " + wanted + " but is " + typeName());
        }
        return type.cast(raw);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof JsonValue that && Objects.equals(raw, that.raw);
    }

    @Override
    public int hashCode() {
        return Objects.hashCode(raw);
    }

    /** Returns compact JSON text. */
    @Override
    public String toString() {
        return JsonWriter.write(raw);
    }
}
