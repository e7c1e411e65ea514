package tessera.text;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Ways to write an identifier or a heading that is made of several words. */
public enum CaseStyle {
    /** As in {@code lineCount}. */
    CAMEL(""),
    /** As in {@code LineCount}. */
    PASCAL(""),
    /** As in {@code line_count}. */
    SNAKE("_"),
    /** As in {@code LINE_COUNT}. */
    CONSTANT("_"),
    /** As in {@code line-count}. */
    KEBAB("-"),
    /** As in {@code line.count}. */
    DOTTED("."),
    /** As in {@code Line Count}. */
    TITLE(" "),
    /** As in {@code Line count}. */
    SENTENCE(" ");

    private final String separator;

    CaseStyle(String separator) {
        this.separator = separator;
    }

    /** Returns what stands between two words, which is empty for the styles that mark words by case. */
    public String separator() {
        return separator;
    }

    /** Writes the given words, whatever their case, in this style. */
    public String format(String... words) {
        return format(List.of(words));
    }

    /** Writes a list of words, whatever their case, in this style. */
    public String format(List<String> words) {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < words.size(); i++) {
            out.append(i == 0 ? "" : separator).append(shape(words.get(i), i));
        }
        return out.toString();
    }

    /** Rewrites an identifier of any style in this one. */
    public String convert(String identifier) {
        return format(words(identifier));
    }

    /** Rewrites each of several identifiers in this style. */
    public String[] convertAll(String... identifiers) {
        String[] converted = new String[identifiers.length];
        for (int i = 0; i < identifiers.length; i++) {
            converted[i] = convert(identifiers[i]);
        }
        return converted;
    }

    /** Tells whether an identifier is written exactly as this style would write it. */
    public boolean matches(String identifier) {
        return !identifier.isEmpty() && convert(identifier).equals(identifier);
    }

    /** Puts a word before an identifier, as in {@code getName}, and writes both in this style. */
    public String prefixed(String prefix, String identifier) {
        List<String> words = new ArrayList<>(words(prefix));
        words.addAll(words(identifier));
        return format(words);
    }

    /** Returns the first style, in order of declaration, that an identifier matches. */
    public static Optional<CaseStyle> detect(String identifier) {
        for (CaseStyle style : values()) {
            if (style.matches(identifier)) {
                return Optional.of(style);
            }
        }
        return Optional.empty();
    }

    /**
     * Splits an identifier of any style into its words, in lower case. Words end at characters that are
     * neither letters nor digits, before a capital after a small letter or digit, and before the last of
     * several capitals when a small letter follows: {@code HTTPServer} has the words {@code http} and
     * {@code server}.
     */
    public static List<String> words(String identifier) {
        List<String> words = new ArrayList<>();
        StringBuilder word = new StringBuilder();
        for (int i = 0; i < identifier.length(); i++) {
            char c = identifier.charAt(i);
            boolean part = Character.isLetterOrDigit(c);
            if (word.length() > 0 && (!part || startsWord(identifier, i))) {
                words.add(word.toString());
                word.setLength(0);
            }
            if (part) {
                word.append(Character.toLowerCase(c));
            }
        }
        if (word.length() > 0) {
            words.add(word.toString());
        }
        return words;
    }

    /** Returns the first letters of the words of an identifier in upper case. */
    public static String initials(String identifier) {
        StringBuilder out = new StringBuilder();
        words(identifier).forEach(word -> out.append(Character.toUpperCase(word.charAt(0))));
        return out.toString();
    }

    /** Returns the text with its first character in upper case and the others unchanged. */
    public static String capitalize(String text) {
        return text.isEmpty() ? text : Character.toUpperCase(text.charAt(0)) + text.substring(1);
    }

    private String shape(String word, int index) {
        String lower = word.toLowerCase(Locale.ROOT);
        return switch (this) {
            case PASCAL, TITLE -> capitalize(lower);
            case CAMEL -> index == 0 ? lower : capitalize(lower);
            case SENTENCE -> index == 0 ? capitalize(lower) : lower;
            case CONSTANT -> lower.toUpperCase(Locale.ROOT);
            case SNAKE, KEBAB, DOTTED -> lower;
        };
    }

    private static boolean startsWord(String s, int i) {
        if (!Character.isUpperCase(s.charAt(i))) {
            return false;
        }
        boolean lastOfCapitals = i + 1 < s.length() && Character.isLowerCase(s.charAt(i + 1));
        return !Character.isUpperCase(s.charAt(i - 1)) || lastOfCapitals;
    }
}
