package tessera.text;

import java.util.ArrayList;
import java.util.List;

/**
 * Breaks running text into lines no wider than a given number of characters.
 * A word that is wider than a line stands on a line of its own, unless {@link #breakingWords} is asked for.
 */
public final class WordWrap {
    private final int width;
    private final String first;
    private final String rest;
    private final boolean breaking;

    private WordWrap(int width, String first, String rest, boolean breaking) {
        if (width <= Math.max(first.length(), rest.length())) {
            throw new IllegalArgumentException("no room for text in width " + width);
        }
        this.width = width;
        this.first = first;
        this.rest = rest;
        this.breaking = breaking;
    }

    /** Returns a wrapper for lines of at most the given width. */
    public static WordWrap at(int width) {
        return new WordWrap(width, "", "", false);
    }

    /** Returns a copy that starts the first line with one prefix and all others with another. */
    public WordWrap indented(String firstPrefix, String restPrefix) {
        return new WordWrap(width, firstPrefix, restPrefix, breaking);
    }

    /** Returns a copy that cuts words which are wider than a whole line. */
    public WordWrap breakingWords() {
        return new WordWrap(width, first, rest, true);
    }

    /** Returns the greatest width of a line. */
    public int width() {
        return width;
    }

    /** Returns the lines of a text taken as one paragraph; none if it is blank. */
    public List<String> lines(String text) {
        List<String> lines = new ArrayList<>();
        StringBuilder line = new StringBuilder(first);
        boolean started = false;
        for (String word : words(text)) {
            if (started && line.length() + 1 + word.length() > width) {
                lines.add(line.toString());
                line = new StringBuilder(rest);
                started = false;
            }
            while (breaking && !started && line.length() + word.length() > width) {
                int room = width - line.length();
                lines.add(line.append(word, 0, room).toString());
                word = word.substring(room);
                line = new StringBuilder(rest);
            }
            line.append(started ? " " : "").append(word);
            started = true;
        }
        if (started) {
            lines.add(line.toString());
        }
        return lines;
    }

    /** Returns the wrapped text of one paragraph, its lines joined with line feeds. */
    public String fill(String text) {
        return String.join("\n", lines(text));
    }

    /** Wraps each of the paragraphs of a text, which are separated by blank lines. */
    public String fillAll(String text) {
        List<String> filled = new ArrayList<>();
        for (String paragraph : paragraphs(text)) {
            filled.add(fill(paragraph));
        }
        return String.join("\n\n", filled);
    }

    /** Tells whether every line of a text is no wider than the width. */
    public boolean fits(String text) {
        return text.lines().allMatch(line -> line.length() <= width);
    }

    /** Returns the text on one line, with the words that do not fit replaced with three dots. */
    public String shorten(String text) {
        String line = unwrap(text);
        if (line.length() <= width) {
            return line;
        }
        StringBuilder kept = new StringBuilder();
        for (String word : words(line)) {
            if (kept.length() + word.length() + 4 > width) {
                break;
            }
            kept.append(word).append(' ');
        }
        return kept.append("...").toString();
    }

    /** Widens the gaps of a line, those on the left first, until it is as wide as the width. */
    public String justify(String line) {
        List<String> words = words(line);
        int gaps = words.size() - 1;
        int missing = width - String.join(" ", words).length();
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < words.size(); i++) {
            int extra = i == 0 || missing <= 0 ? 0 : missing / gaps + (i <= missing % gaps ? 1 : 0);
            out.append(i == 0 ? "" : " ".repeat(1 + extra)).append(words.get(i));
        }
        return out.toString();
    }

    /** Returns the line with spaces before it so that it stands in the middle of the width. */
    public String center(String line) {
        String text = line.strip();
        return " ".repeat(Math.max(0, (width - text.length()) / 2)) + text;
    }

    /** Joins the lines of a text into one, with single spaces between words. */
    public static String unwrap(String text) {
        return String.join(" ", words(text));
    }

    /** Returns the paragraphs of a text, each with its lines joined. */
    public static List<String> paragraphs(String text) {
        List<String> paragraphs = new ArrayList<>();
        for (String block : text.split("\\R\\s*\\R")) {
            if (!block.isBlank()) {
                paragraphs.add(unwrap(block));
            }
        }
        return paragraphs;
    }

    private static List<String> words(String text) {
        return text.isBlank() ? List.of() : List.of(text.strip().split("\\s+"));
    }
}
