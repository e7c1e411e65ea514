package tessera.parse;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** A configuration in INI form: sections of key and value pairs; names ignore case. */
public final class IniFile {
    /** The name of the section that holds the keys before the first section header. */
    public static final String GLOBAL = "";

    private final Map<String, Map<String, String>> sections = new LinkedHashMap<>();

    /** Parses a text; lines that start with ';' or '#' are comments. */
    public static IniFile parse(String text) {
        IniFile file = new IniFile();
        String section = GLOBAL;
        int number = 0;
        for (String raw : text.split("\\R", -1)) {
            String line = raw.strip();
            int equals = line.indexOf('=');
            number++;
            if (line.startsWith("[") && line.endsWith("]")) {
                section = line.substring(1, line.length() - 1).strip();
                file.sections.computeIfAbsent(fold(section), name -> new LinkedHashMap<>());
            } else if (equals > 0 && !isComment(line)) {
                file.put(section, line.substring(0, equals), unquote(line.substring(equals + 1).strip()));
            } else if (!line.isEmpty() && !isComment(line)) {
                throw new IllegalArgumentException("line " + number + ": " + line);
            }
        }
        return file;
    }

    private static boolean isComment(String line) {
        return line.startsWith(";") || line.startsWith("#");
    }

    private static String fold(String name) {
        return name.strip().toLowerCase(Locale.ROOT);
    }

    /** Removes one pair of double quotes around a value. */
    public static String unquote(String value) {
        boolean quoted = value.length() >= 2 && value.startsWith("\"") && value.endsWith("\"");
        return quoted ? value.substring(1, value.length() - 1) : value;
    }

    /** Sets a value and returns the one it replaces, or null. */
    public String put(String section, String key, String value) {
        if (fold(key).isEmpty()) {
            throw new IllegalArgumentException("empty key in section '" + section + "'");
        }
        return sections.computeIfAbsent(fold(section), name -> new LinkedHashMap<>()).put(fold(key), value);
    }

    /** Returns a value, or null when the section or the key is missing. */
    public String get(String section, String key) {
        return sections.getOrDefault(fold(section), Map.of()).get(fold(key));
    }

    /** Returns a value, or the fallback when it is missing. */
    public String getOr(String section, String key, String fallback) {
        String value = get(section, key);
        return value == null ? fallback : value;
    }

    /** Returns a value as an int, or the fallback when it is missing; "0x" introduces hexadecimal. */
    public int getInt(String section, String key, int fallback) {
        String value = get(section, key);
        return value == null ? fallback : Integer.decode(value);
    }

    /** Returns whether a value is "true", "yes", "on" or "1"; false when it is missing. */
    public boolean isOn(String section, String key) {
        return List.of("true", "yes", "on", "1").contains(fold(getOr(section, key, "")));
    }

    /** Returns a comma-separated value as a list without empty items. */
    public List<String> getList(String section, String key) {
        List<String> items = new ArrayList<>();
        for (String item : getOr(section, key, "").split(",")) {
            if (!item.isBlank()) {
                items.add(item.strip());
            }
        }
        return items;
    }

    /** Tells whether there is a value for the key. */
    public boolean has(String section, String key) {
        return get(section, key) != null;
    }

    /** Returns the names of the sections in their order of appearance. */
    public List<String> sections() {
        return List.copyOf(sections.keySet());
    }

    /** Returns the keys of a section; empty when there is no such section. */
    public List<String> keys(String section) {
        return List.copyOf(sections.getOrDefault(fold(section), Map.of()).keySet());
    }

    /** Returns the number of values in all sections. */
    public int size() {
        return sections.values().stream().mapToInt(Map::size).sum();
    }

    /** Removes a value and returns it, or null when there was none. */
    public String remove(String section, String key) {
        Map<String, String> values = sections.get(fold(section));
        return values == null ? null : values.remove(fold(key));
    }

    /** Removes a section with its values and tells whether it was there. */
    public boolean removeSection(String section) {
        return sections.remove(fold(section)) != null;
    }

    /** Copies all values of another file over this one and returns this one. */
    public IniFile merge(IniFile other) {
        other.sections.forEach((section, values) -> values.forEach((key, value) -> put(section, key, value)));
        return this;
    }

    /** Writes the sections, the global one first, with a header line and one "key = value" line each. */
    @Override
    public String toString() {
        StringBuilder out = new StringBuilder();
        write(out, sections.getOrDefault(GLOBAL, Map.of()));
        sections.forEach((section, values) -> {
            if (!section.equals(GLOBAL)) {
                out.append('[').append(section).append("]\n");
                write(out, values);
            }
        });
        return out.toString();
    }

    private static void write(StringBuilder out, Map<String, String> values) {
        values.forEach((key, value) -> {
            boolean plain = unquote(value).equals(value) && value.strip().equals(value);
            out.append(key).append(" = ").append(plain ? value : '"' + value + '"').append('\n');
        });
    }
}
