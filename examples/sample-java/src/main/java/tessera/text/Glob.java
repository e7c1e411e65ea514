package tessera.text;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/**
 * A pattern for paths: {@code ?} stands for one character and {@code *} for any number, but not for a slash;
 * {@code **} for any characters at all; {@code [a-z]} and {@code [!a-z]} for one character of a set or not of
 * it; {@code {a,b}} for one of several texts; a backslash makes the next character an ordinary one.
 */
public final class Glob implements Predicate<String> {
    private static final String SPECIAL = "*?[]{}\\";

    private final String source;
    private final Pattern regex;

    private Glob(String source, int flags) {
        this.source = source;
        this.regex = Pattern.compile(translate(source), flags | Pattern.DOTALL);
    }

    /** Returns the glob written in the given text. */
    public static Glob of(String source) {
        return new Glob(source, 0);
    }

    /** Returns the glob that matches exactly the given text. */
    public static Glob literal(String text) {
        return of(escape(text));
    }

    /** Returns a glob that takes capital and small letters for the same. */
    public Glob ignoringCase() {
        return isIgnoringCase() ? this : new Glob(source, Pattern.CASE_INSENSITIVE);
    }

    /** Tells whether capital and small letters are taken for the same. */
    public boolean isIgnoringCase() {
        return (regex.flags() & Pattern.CASE_INSENSITIVE) != 0;
    }

    /** Tells whether the glob matches the whole of a path. */
    public boolean matches(CharSequence path) {
        return regex.matcher(path).matches();
    }

    @Override
    public boolean test(String path) {
        return matches(path);
    }

    /** Returns the paths that match, in the order in which they came. */
    public List<String> filter(Collection<String> paths) {
        return paths.stream().filter(this).toList();
    }

    /** Returns the first path that matches, or null if none does. */
    public String first(Collection<String> paths) {
        return paths.stream().filter(this).findFirst().orElse(null);
    }

    /** Returns the number of paths that match. */
    public int count(String... paths) {
        return filter(List.of(paths)).size();
    }

    /** Returns the ordinary characters before the first special one, with which every match begins. */
    public String prefix() {
        int end = 0;
        while (end < source.length() && SPECIAL.indexOf(source.charAt(end)) < 0) {
            end++;
        }
        return source.substring(0, end);
    }

    /** Tells whether the glob has no special characters, so that it matches one text only. */
    public boolean isLiteral() {
        return prefix().length() == source.length();
    }

    /** Returns the text with a backslash before each character that is special in a glob. */
    public static String escape(String text) {
        StringBuilder out = new StringBuilder();
        for (char c : text.toCharArray()) {
            out.append(SPECIAL.indexOf(c) < 0 ? "" : "\\").append(c);
        }
        return out.toString();
    }

    /** Returns the different texts that a text with choices in braces stands for. */
    public static List<String> expand(String source) {
        int close = source.indexOf('}');
        int open = source.lastIndexOf('{', close);
        if (open < 0) {
            return List.of(source);
        }
        List<String> expanded = new ArrayList<>();
        for (String choice : source.substring(open + 1, close).split(",", -1)) {
            expanded.addAll(expand(source.substring(0, open) + choice + source.substring(close + 1)));
        }
        return expanded.stream().distinct().toList();
    }

    @Override
    public String toString() {
        return source;
    }

    private static String translate(String glob) {
        StringBuilder out = new StringBuilder();
        int depth = 0;
        for (int i = 0; i < glob.length(); i++) {
            char c = glob.charAt(i);
            if (glob.startsWith("**/", i)) {
                out.append("(?:.*/)?");
                i += 2;
            } else if (glob.startsWith("**", i)) {
                out.append(".*");
                i++;
            } else if (c == '[') {
                int end = glob.indexOf(']', i + 2);
                if (end < 0) {
                    throw new IllegalArgumentException("unclosed [ in " + glob);
                }
                out.append(set(glob.substring(i + 1, end)));
                i = end;
            } else {
                depth += c == '{' ? 1 : c == '}' ? -1 : 0;
                char next = c == '\\' && i + 1 < glob.length() ? glob.charAt(++i) : 0;
                out.append(next == 0 ? single(c, depth > 0) : Pattern.quote(String.valueOf(next)));
            }
        }
        if (depth != 0) {
            throw new IllegalArgumentException("unbalanced braces in " + glob);
        }
        return out.toString();
    }

    private static String single(char c, boolean inBraces) {
        return switch (c) {
            case '*' -> "[^/]*";
            case '?' -> "[^/]";
            case '{' -> "(?:";
            case '}' -> ")";
            case ',' -> inBraces ? "|" : ",";
            default -> Pattern.quote(String.valueOf(c));
        };
    }

    private static String set(String body) {
        boolean not = body.startsWith("!");
        String members = (not ? body.substring(1) : body).replaceAll("([\\\\\\[\\]&^])", "\\\\$1");
        return (not ? "[^/" : "[") + members + "]";
    }
}
