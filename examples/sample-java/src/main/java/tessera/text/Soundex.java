package tessera.text;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * American Soundex: a code for the sound of an English name, made of its first letter and digits for the
 * consonants after it, so that names which sound alike get one code. All characters but A to Z are ignored.
 */
public final class Soundex {
    /** The usual code, of one letter and three digits. */
    public static final Soundex STANDARD = new Soundex(4);

    private static final String DIGITS = "01230120022455012623010202";

    private final int length;

    /** Creates an encoder whose codes have the given number of characters. */
    public Soundex(int length) {
        if (length < 2) {
            throw new IllegalArgumentException("a code needs a letter and a digit: " + length);
        }
        this.length = length;
    }

    /** Returns the number of characters in a code. */
    public int length() {
        return length;
    }

    /** Returns the code of a name, or an empty string if it has no letters. */
    public String encode(CharSequence name) {
        StringBuilder code = new StringBuilder();
        int last = -1;
        for (int i = 0; i < name.length() && code.length() < length; i++) {
            char c = Character.toUpperCase(name.charAt(i));
            if (c < 'A' || c > 'Z') {
                continue;
            }
            int digit = digit(c);
            if (code.length() == 0) {
                code.append(c);
            } else if (digit != 0 && digit != last) {
                code.append(digit);
            }
            if (c != 'H' && c != 'W') {
                last = digit;
            }
        }
        return code.length() == 0 ? "" : code.append("0".repeat(length - code.length())).toString();
    }

    /** Returns the codes of all words of a text, which are separated by white space. */
    public String[] encodeWords(String text) {
        List<String> codes = new ArrayList<>();
        for (String word : text.split("\\s+")) {
            String code = encode(word);
            if (!code.isEmpty()) {
                codes.add(code);
            }
        }
        return codes.toArray(String[]::new);
    }

    /** Tells whether two names have one code; names without letters sound like nothing. */
    public boolean alike(CharSequence a, CharSequence b) {
        String code = encode(a);
        return !code.isEmpty() && code.equals(encode(b));
    }

    /** Returns the number of places at which the codes of two names agree. */
    public int agreement(CharSequence a, CharSequence b) {
        String left = encode(a);
        String right = encode(b);
        int count = 0;
        for (int i = 0; i < Math.min(left.length(), right.length()); i++) {
            count += left.charAt(i) == right.charAt(i) ? 1 : 0;
        }
        return count;
    }

    /** Returns the names grouped by code, with the codes in order and the names as they came. */
    public Map<String, List<String>> group(Collection<String> names) {
        Map<String, List<String>> groups = new TreeMap<>();
        for (String name : names) {
            groups.computeIfAbsent(encode(name), code -> new ArrayList<>()).add(name);
        }
        return groups;
    }

    /** Returns the first of the names that sounds like the given one, or null if none does. */
    public String find(String name, Collection<String> names) {
        for (String candidate : names) {
            if (alike(name, candidate)) {
                return candidate;
            }
        }
        return null;
    }

    /** Tells whether a text could be a code of this length: a capital letter, digits 1 to 6, then zeros. */
    public boolean isCode(String text) {
        return text.length() == length && text.matches("[A-Z][1-6]*0*");
    }

    /** Returns the digit of a letter: 1 to 6 for consonants, 0 for vowels and for H, W and Y. */
    public static int digit(char letter) {
        int index = Character.toUpperCase(letter) - 'A';
        if (index < 0 || index >= DIGITS.length()) {
            throw new IllegalArgumentException("not a letter from A to Z: " + letter);
        }
        return DIGITS.charAt(index) - '0';
    }
}
