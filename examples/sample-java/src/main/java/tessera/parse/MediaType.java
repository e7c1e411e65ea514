package tessera.parse;

import java.nio.charset.Charset;
import java.util.Collection;
import java.util.Collections;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A media type such as "text/html; charset=utf-8"; types and parameter names ignore case. */
public record MediaType(String type, String subtype, Map<String, String> parameters) {
    /** The type that matches every other one. */
    public static final MediaType ANY = of("*", "*");

    private static final String TOKEN = "[A-Za-z0-9!#$&^_.+*'`|~%-]+";
    private static final Pattern NAMES = Pattern.compile("\\s*(" + TOKEN + ")/(" + TOKEN + ")\\s*");
    private static final Pattern PARAMETER = Pattern.compile(
            ";\\s*(?:(" + TOKEN + ")=(?:(" + TOKEN + ")|\"((?:[^\"\\\\]|\\\\.)*)\")\\s*)?");

    /** Folds the names to lower case. */
    public MediaType {
        type = type.toLowerCase(Locale.ROOT);
        subtype = subtype.toLowerCase(Locale.ROOT);
        parameters = Collections.unmodifiableMap(new TreeMap<>(parameters));
    }

    /** Returns a media type without parameters. */
    public static MediaType of(String type, String subtype) {
        return new MediaType(type, subtype, Map.of());
    }

    /** Parses a media type with its parameters. */
    public static MediaType parse(String text) {
        Matcher names = NAMES.matcher(text);
        if (!names.lookingAt()) {
            throw new IllegalArgumentException("no media type: " + text);
        }
        Map<String, String> parameters = new TreeMap<>();
        Matcher parameter = PARAMETER.matcher(text);
        int position = names.end();
        while (position < text.length()) {
            if (!parameter.region(position, text.length()).lookingAt()) {
                throw new IllegalArgumentException("bad parameter at " + position + ": " + text);
            }
            if (parameter.group(1) != null) {
                String quoted = parameter.group(3);
                String value = quoted == null ? parameter.group(2) : quoted.replaceAll("\\\\(.)", "$1");
                parameters.put(parameter.group(1).toLowerCase(Locale.ROOT), value);
            }
            position = parameter.end();
        }
        return new MediaType(names.group(1), names.group(2), parameters);
    }

    /** Returns the first of the offered types that has the highest quality in an Accept header, or null. */
    public static MediaType negotiate(String accept, Collection<MediaType> offered) {
        MediaType best = null;
        double bestQuality = 0;
        for (MediaType candidate : offered) {
            double quality = 0;
            for (String range : accept.split(",")) {
                MediaType wanted = parse(range);
                quality = wanted.includes(candidate) ? Math.max(quality, wanted.quality()) : quality;
            }
            if (quality > bestQuality) {
                best = candidate;
                bestQuality = quality;
            }
        }
        return best;
    }

    /** Returns the type and the subtype without parameters, such as "text/html". */
    public String essence() {
        return type + "/" + subtype;
    }

    /** Returns what follows the last plus sign of the subtype, such as "xml", or null. */
    public String suffix() {
        int plus = subtype.lastIndexOf('+');
        return plus < 0 ? null : subtype.substring(plus + 1);
    }

    /** Returns a parameter, or null when it is missing. */
    public String parameter(String name) {
        return parameters.get(name.toLowerCase(Locale.ROOT));
    }

    /** Returns the charset parameter, or the fallback when it is missing. */
    public Charset charset(Charset fallback) {
        String name = parameter("charset");
        return name == null ? fallback : Charset.forName(name);
    }

    /** Returns the q parameter; one when it is missing. */
    public double quality() {
        String q = parameter("q");
        return q == null ? 1.0 : Double.parseDouble(q);
    }

    /** Tells whether the type or the subtype is "*". */
    public boolean isWildcard() {
        return type.equals("*") || subtype.equals("*");
    }

    /** Tells whether the content can be read as text. */
    public boolean isText() {
        boolean data = subtype.equals("json") || subtype.equals("xml") || subtype.equals("javascript");
        return type.equals("text") || data || "json".equals(suffix()) || "xml".equals(suffix());
    }

    /** Tells whether the other type falls under this one; parameters do not count. */
    public boolean includes(MediaType other) {
        boolean sameType = type.equals("*") || type.equals(other.type);
        return sameType && (subtype.equals("*") || subtype.equals(other.subtype));
    }

    /** Returns a copy with a parameter. */
    public MediaType with(String name, String value) {
        Map<String, String> copy = new TreeMap<>(parameters);
        copy.put(name.toLowerCase(Locale.ROOT), value);
        return new MediaType(type, subtype, copy);
    }

    /** Returns the type without parameters; this very one when it has none. */
    public MediaType bare() {
        return parameters.isEmpty() ? this : of(type, subtype);
    }

    /** Writes the type with its parameters by name; values that are no tokens are quoted. */
    @Override
    public String toString() {
        StringBuilder out = new StringBuilder(essence());
        parameters.forEach((name, value) -> {
            String quoted = '"' + value.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
            out.append("; ").append(name).append('=').append(value.matches(TOKEN) ? value : quoted);
        });
        return out.toString();
    }
}
