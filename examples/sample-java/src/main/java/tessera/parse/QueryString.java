package tessera.parse;

import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.StringJoiner;
import java.util.function.Predicate;

/** The immutable, ordered parameters of a URL query; a name may occur several times. */
public final class QueryString {
    /** The query without parameters. */
    public static final QueryString EMPTY = new QueryString(List.of());

    private record Pair(String name, String value) { }

    private final List<Pair> pairs;

    private QueryString(List<Pair> pairs) {
        this.pairs = List.copyOf(pairs);
    }

    /** Parses a query such as "a=1&b=2", with or without a leading question mark. */
    public static QueryString parse(String query) {
        List<Pair> pairs = new ArrayList<>();
        for (String part : query.substring(query.startsWith("?") ? 1 : 0).split("&")) {
            int equals = part.indexOf('=');
            if (!part.isEmpty()) {
                String name = equals < 0 ? part : part.substring(0, equals);
                pairs.add(new Pair(decode(name), equals < 0 ? "" : decode(part.substring(equals + 1))));
            }
        }
        return pairs.isEmpty() ? EMPTY : new QueryString(pairs);
    }

    /** Parses the query of a URL: what stands between the question mark and the fragment. */
    public static QueryString ofUrl(String url) {
        int hash = url.indexOf('#');
        String address = hash < 0 ? url : url.substring(0, hash);
        int mark = address.indexOf('?');
        return mark < 0 ? EMPTY : parse(address.substring(mark + 1));
    }

    /** Encodes a text for a query: a space becomes a plus sign, reserved characters become %XX. */
    public static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    /** Decodes plus signs and %XX sequences. */
    public static String decode(String text) {
        return URLDecoder.decode(text, StandardCharsets.UTF_8);
    }

    /** Returns the first value of a name, or null when there is none. */
    public String get(String name) {
        return get(name, null);
    }

    /** Returns the first value of a name, or the fallback when there is none. */
    public String get(String name, String fallback) {
        return pairs.stream().filter(named(name)).map(Pair::value).findFirst().orElse(fallback);
    }

    /** Returns the first value of a name as an int, or the fallback when it is no int. */
    public int getInt(String name, int fallback) {
        try {
            return Integer.parseInt(get(name, ""));
        } catch (NumberFormatException e) {
            return fallback;
        }
    }

    /** Returns all values of a name in their order. */
    public List<String> all(String name) {
        return pairs.stream().filter(named(name)).map(Pair::value).toList();
    }

    /** Tells whether a name occurs. */
    public boolean has(String name) {
        return pairs.stream().anyMatch(named(name));
    }

    /** Returns the distinct names in their order. */
    public Set<String> names() {
        Set<String> names = new LinkedHashSet<>();
        pairs.forEach(pair -> names.add(pair.name()));
        return names;
    }

    /** Returns the number of parameters. */
    public int size() {
        return pairs.size();
    }

    /** Tells whether there are no parameters. */
    public boolean isEmpty() {
        return pairs.isEmpty();
    }

    /** Returns a copy with a parameter at the end. */
    public QueryString add(String name, Object value) {
        List<Pair> copy = new ArrayList<>(pairs);
        copy.add(new Pair(name, String.valueOf(value)));
        return new QueryString(copy);
    }

    /** Returns a copy where a name has this one value, at the end. */
    public QueryString set(String name, Object value) {
        return remove(name).add(name, value);
    }

    /** Returns a copy without a name; this very query when the name does not occur. */
    public QueryString remove(String name) {
        return has(name) ? new QueryString(pairs.stream().filter(named(name).negate()).toList()) : this;
    }

    /** Returns a copy sorted by name; parameters of one name keep their order. */
    public QueryString sorted() {
        return new QueryString(pairs.stream().sorted(Comparator.comparing(Pair::name)).toList());
    }

    /** Puts this query after an address, in place of the query it has; a fragment stays at the end. */
    public String appendTo(String url) {
        int hash = url.indexOf('#');
        String address = hash < 0 ? url : url.substring(0, hash);
        int mark = address.indexOf('?');
        String base = mark < 0 ? address : address.substring(0, mark);
        return base + (isEmpty() ? "" : "?" + this) + (hash < 0 ? "" : url.substring(hash));
    }

    private static Predicate<Pair> named(String name) {
        return pair -> pair.name().equals(name);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof QueryString that && pairs.equals(that.pairs);
    }

    @Override
    public int hashCode() {
        return pairs.hashCode();
    }

    /** Writes the encoded query without a question mark. */
    @Override
    public String toString() {
        StringJoiner out = new StringJoiner("&");
        pairs.forEach(pair -> out.add(encode(pair.name()) + "=" + encode(pair.value())));
        return out.toString();
    }
}
