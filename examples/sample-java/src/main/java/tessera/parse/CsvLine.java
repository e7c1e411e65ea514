package tessera.parse;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;

/** One immutable record of comma-separated values, quoted as in RFC 4180. */
public final class CsvLine implements Iterable<String> {
    private final List<String> fields;

    private CsvLine(List<String> fields) {
        this.fields = List.copyOf(fields);
    }

    /** Returns a record with the given fields. */
    public static CsvLine of(String... fields) {
        return new CsvLine(Arrays.asList(fields));
    }

    /** Parses one record whose fields are separated by commas. */
    public static CsvLine parse(String line) {
        return parse(line, ',');
    }

    /** Parses one record whose fields are separated by the given character. */
    public static CsvLine parse(String line, char delimiter) {
        List<String> fields = new ArrayList<>();
        StringBuilder field = new StringBuilder();
        boolean quoted = false;
        for (int i = 0; i < line.length(); i++) {
            char c = line.charAt(i);
            if (c == '"' && quoted && i + 1 < line.length() && line.charAt(i + 1) == '"') {
                field.append(line.charAt(++i));
            } else if (c == '"') {
                quoted = !quoted;
            } else if (c == delimiter && !quoted) {
                fields.add(field.toString());
                field.setLength(0);
            } else {
                field.append(c);
            }
        }
        if (quoted) {
            throw new IllegalArgumentException("unterminated quote in: " + line);
        }
        fields.add(field.toString());
        return new CsvLine(fields);
    }

    /** Tells whether a field must be quoted when the given delimiter separates the fields. */
    public static boolean needsQuotes(String field, char delimiter) {
        boolean padded = !field.equals(field.strip());
        return padded || field.chars().anyMatch(c -> c == delimiter || c == '"' || c == '\n' || c == '\r');
    }

    /** Puts a field in quotes and doubles the quotes inside. */
    public static String quote(String field) {
        return '"' + field.replace("\"", "\"\"") + '"';
    }

    /** Returns the number of fields. */
    public int size() {
        return fields.size();
    }

    /** Tells whether every field is empty or blank. */
    public boolean isBlank() {
        return fields.stream().allMatch(String::isBlank);
    }

    /** Returns the field at an index. */
    public String get(int index) {
        return fields.get(index);
    }

    /** Returns the field at an index, or the fallback when it is missing or empty. */
    public String getOr(int index, String fallback) {
        boolean present = index >= 0 && index < fields.size() && !fields.get(index).isEmpty();
        return present ? fields.get(index) : fallback;
    }

    /** Returns the field at an index as a number, or null when it is none. */
    public Double number(int index) {
        try {
            return Double.valueOf(getOr(index, "").strip());
        } catch (NumberFormatException e) {
            return null;
        }
    }

    /** Returns a copy with one field replaced; this very record when nothing changes. */
    public CsvLine with(int index, String value) {
        if (fields.get(index).equals(value)) {
            return this;
        }
        List<String> copy = new ArrayList<>(fields);
        copy.set(index, value);
        return new CsvLine(copy);
    }

    /** Returns a copy with further fields at the end. */
    public CsvLine append(String... more) {
        List<String> copy = new ArrayList<>(fields);
        copy.addAll(Arrays.asList(more));
        return new CsvLine(copy);
    }

    /** Returns a record of the fields at the given indices, in that order. */
    public CsvLine select(int... indices) {
        return new CsvLine(Arrays.stream(indices).mapToObj(fields::get).toList());
    }

    /** Pairs the names of a header with these fields; missing fields are empty, surplus ones dropped. */
    public Map<String, String> toMap(CsvLine header) {
        Map<String, String> map = new LinkedHashMap<>();
        for (int i = 0; i < header.size(); i++) {
            map.put(header.get(i), getOr(i, ""));
        }
        return map;
    }

    /** Returns the fields as a new array. */
    public String[] toArray() {
        return fields.toArray(new String[0]);
    }

    /** Writes the record with the given delimiter, quoting only where needed. */
    public String format(char delimiter) {
        StringJoiner out = new StringJoiner(String.valueOf(delimiter));
        for (String field : fields) {
            out.add(needsQuotes(field, delimiter) ? quote(field) : field);
        }
        return out.toString();
    }

    @Override
    public Iterator<String> iterator() {
        return fields.iterator();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof CsvLine that && fields.equals(that.fields);
    }

    @Override
    public int hashCode() {
        return fields.hashCode();
    }

    @Override
    public String toString() {
        return format(',');
    }
}
