package tessera.text;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;

/**
 * Text with named places: {@code ${name}} stands for a value, {@code ${name:text}} for a value or else the
 * text after the colon, and {@code $$} for a dollar sign. Templates are immutable.
 */
public final class StringTemplate {
    private sealed interface Part { }

    private record Literal(String text) implements Part { }

    private record Place(String name, String fallback) implements Part { }

    private final List<Part> parts;

    private StringTemplate(List<Part> parts) {
        this.parts = List.copyOf(parts);
    }

    /** Parses a template. */
    public static StringTemplate parse(String source) {
        List<Part> parts = new ArrayList<>();
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < source.length(); i++) {
            char c = source.charAt(i);
            char next = i + 1 < source.length() ? source.charAt(i + 1) : 0;
            if (c != '$') {
                text.append(c);
            } else if (next == '$') {
                text.append('$');
                i++;
            } else if (next == '{' && source.indexOf('}', i) > 0) {
                parts.add(new Literal(text.toString()));
                text.setLength(0);
                int end = source.indexOf('}', i);
                parts.add(place(source.substring(i + 2, end)));
                i = end;
            } else {
                throw new IllegalArgumentException("stray $ at " + i);
            }
        }
        parts.add(new Literal(text.toString()));
        parts.removeIf(part -> part instanceof Literal literal && literal.text().isEmpty());
        return new StringTemplate(parts);
    }

    /** Returns the source of a template that renders to exactly the given text. */
    public static String quote(String text) {
        return text.replace("$", "$$");
    }

    /** Returns the names of the places, in order of first use. */
    public Set<String> names() {
        Set<String> names = new LinkedHashSet<>();
        for (Part part : parts) {
            if (part instanceof Place place) {
                names.add(place.name());
            }
        }
        return names;
    }

    /** Tells whether the template has no places, so that it always renders to the same text. */
    public boolean isConstant() {
        return names().isEmpty();
    }

    /** Returns the first fallback text given for a name, or null if it has none. */
    public String fallback(String name) {
        for (Part part : parts) {
            if (part instanceof Place place && place.name().equals(name) && place.fallback() != null) {
                return place.fallback();
            }
        }
        return null;
    }

    /** Returns the names that have neither a value here nor a fallback. */
    public Set<String> missing(Map<String, ?> values) {
        Set<String> missing = names();
        missing.removeIf(name -> values.containsKey(name) || fallback(name) != null);
        return missing;
    }

    /** Returns the text with values in all places; a name with no value and no fallback is an error. */
    public String render(Map<String, ?> values) {
        StringBuilder out = new StringBuilder();
        for (Part part : parts) {
            if (part instanceof Literal literal) {
                out.append(literal.text());
            } else if (part instanceof Place place) {
                if (!values.containsKey(place.name()) && fallback(place.name()) == null) {
                    throw new NoSuchElementException("no value for " + place.name());
                }
                String fallback = place.fallback() == null ? fallback(place.name()) : place.fallback();
                out.append(values.containsKey(place.name()) ? values.get(place.name()) : fallback);
            }
        }
        return out.toString();
    }

    /** Returns the text with values in the places, which are given in the order of {@link #names}. */
    public String renderAll(Object... values) {
        Map<String, Object> byName = new LinkedHashMap<>();
        for (String name : names()) {
            if (byName.size() < values.length) {
                byName.put(name, values[byName.size()]);
            }
        }
        if (byName.size() < values.length) {
            throw new IllegalArgumentException((values.length - byName.size()) + " values too many");
        }
        return render(byName);
    }

    /** Returns the template that is left when one name is given a value. */
    public StringTemplate bind(String name, Object value) {
        if (!names().contains(name)) {
            return this;
        }
        List<Part> bound = new ArrayList<>();
        for (Part part : parts) {
            boolean hit = part instanceof Place place && place.name().equals(name);
            bound.add(hit ? new Literal(String.valueOf(value)) : part);
        }
        return new StringTemplate(bound);
    }

    /** Returns the source of this template. */
    @Override
    public String toString() {
        StringBuilder out = new StringBuilder();
        for (Part part : parts) {
            if (part instanceof Literal literal) {
                out.append(quote(literal.text()));
            } else if (part instanceof Place place) {
                out.append("${").append(place.name());
                out.append(place.fallback() == null ? "" : ":" + place.fallback()).append('}');
            }
        }
        return out.toString();
    }

    private static Place place(String inside) {
        int colon = inside.indexOf(':');
        String name = colon < 0 ? inside : inside.substring(0, colon);
        if (name.isBlank()) {
            throw new IllegalArgumentException("place without a name");
        }
        return new Place(name.strip(), colon < 0 ? null : inside.substring(colon + 1));
    }
}
