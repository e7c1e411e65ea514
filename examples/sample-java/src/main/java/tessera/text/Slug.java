package tessera.text;

import java.text.Normalizer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;

/**
 * Turns headings and names into short identifiers that are safe in addresses and file names.
 * Instances are immutable; the {@code with} methods return adjusted copies.
 */
public final class Slug {
    /** Lower case, words joined with hyphens, no length limit. */
    public static final Slug DEFAULT = new Slug('-', Integer.MAX_VALUE, false);

    private final char separator;
    private final int limit;
    private final boolean keepCase;

    private Slug(char separator, int limit, boolean keepCase) {
        this.separator = separator;
        this.limit = limit;
        this.keepCase = keepCase;
    }

    /** Returns a copy that joins words with the given character, one of {@code - _ . ~}. */
    public Slug withSeparator(char newSeparator) {
        if ("-_.~".indexOf(newSeparator) < 0) {
            throw new IllegalArgumentException("not a safe separator: " + newSeparator);
        }
        return newSeparator == separator ? this : new Slug(newSeparator, limit, keepCase);
    }

    /** Returns a copy whose slugs are at most this many characters long. */
    public Slug withLimit(int newLimit) {
        if (newLimit < 1) {
            throw new IllegalArgumentException("limit must be positive: " + newLimit);
        }
        return newLimit == limit ? this : new Slug(separator, newLimit, keepCase);
    }

    /** Returns a copy that leaves the case of letters as it is. */
    public Slug keepingCase() {
        return keepCase ? this : new Slug(separator, limit, true);
    }

    /** Returns the character that joins words. */
    public char separator() {
        return separator;
    }

    /** Returns the greatest length of a slug. */
    public int limit() {
        return limit;
    }

    /** Returns the slug of a text, cut after the last whole word that fits, or empty if it has no words. */
    public String of(CharSequence text) {
        StringBuilder slug = new StringBuilder();
        for (String word : words(text)) {
            if (slug.length() == 0) {
                slug.append(word, 0, Math.min(word.length(), limit));
            } else if (slug.length() + 1 + word.length() <= limit) {
                slug.append(separator).append(word);
            } else {
                break;
            }
        }
        return slug.toString();
    }

    /** Returns the slug of several texts taken as one. */
    public String of(CharSequence first, CharSequence... more) {
        return of(first + " " + String.join(" ", more));
    }

    /** Returns the words of a text: runs of ASCII letters and digits once accents are folded. */
    public List<String> words(CharSequence text) {
        String folded = fold(text.toString()).replace("'", "");
        List<String> words = new ArrayList<>();
        for (String word : folded.split("[^A-Za-z0-9]+")) {
            if (!word.isEmpty()) {
                words.add(keepCase ? word : word.toLowerCase(Locale.ROOT));
            }
        }
        return words;
    }

    /** Tells whether a text is already a slug, one that {@link #of} would leave unchanged. */
    public boolean isSlug(String text) {
        return !text.isEmpty() && of(text).equals(text);
    }

    /** Returns the slug of a text, with a number from 2 upwards appended if it is already taken. */
    public String unique(CharSequence text, Collection<String> taken) {
        String base = of(text);
        String candidate = base;
        for (int n = 2; taken.contains(candidate); n++) {
            candidate = base + separator + n;
        }
        return candidate;
    }

    /** Returns the words of a slug with the first letter of each in upper case, joined with spaces. */
    public String title(String slug) {
        StringBuilder title = new StringBuilder();
        for (String word : words(slug)) {
            title.append(title.length() == 0 ? "" : " ");
            title.append(Character.toUpperCase(word.charAt(0))).append(word, 1, word.length());
        }
        return title.toString();
    }

    /** Replaces accented letters and common ligatures with plain ASCII letters. */
    public static String fold(String text) {
        String spelled = text.replace("\u00df", "ss").replace("\u00e6", "ae").replace("\u00c6", "AE")
                .replace("\u00f8", "o").replace("\u00d8", "O").replace("\u0153", "oe").replace("\u0142", "l");
        return Normalizer.normalize(spelled, Normalizer.Form.NFD).replaceAll("\\p{M}+", "");
    }
}
