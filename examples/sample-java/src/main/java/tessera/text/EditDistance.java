package tessera.text;

import java.util.Collection;

/** Measures of how different or how alike two strings are. */
public final class EditDistance {
    private EditDistance() {
    }

    /** Returns the least number of insertions, deletions and substitutions that turn one into the other. */
    public static int levenshtein(CharSequence a, CharSequence b) {
        return table(a, b)[a.length()][b.length()];
    }

    /** Returns the distances of all prefixes: entry [i][j] is that of the first i and j characters. */
    public static int[][] table(CharSequence a, CharSequence b) {
        int[][] d = new int[a.length() + 1][b.length() + 1];
        for (int i = 0; i <= a.length(); i++) {
            for (int j = 0; j <= b.length(); j++) {
                if (i == 0 || j == 0) {
                    d[i][j] = i + j;
                } else {
                    int change = d[i - 1][j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                    d[i][j] = Math.min(change, 1 + Math.min(d[i - 1][j], d[i][j - 1]));
                }
            }
        }
        return d;
    }

    /** Like {@link #levenshtein}, but swapping two neighbours counts as one edit. */
    public static int damerau(CharSequence a, CharSequence b) {
        int[][] d = new int[a.length() + 1][b.length() + 1];
        for (int i = 0; i <= a.length(); i++) {
            for (int j = 0; j <= b.length(); j++) {
                if (i == 0 || j == 0) {
                    d[i][j] = i + j;
                    continue;
                }
                int change = d[i - 1][j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                d[i][j] = Math.min(change, 1 + Math.min(d[i - 1][j], d[i][j - 1]));
                boolean swapped = i > 1 && j > 1
                        && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1);
                if (swapped) {
                    d[i][j] = Math.min(d[i][j], d[i - 2][j - 2] + 1);
                }
            }
        }
        return d[a.length()][b.length()];
    }

    /** Returns the number of positions at which two strings of one length differ. */
    public static int hamming(CharSequence a, CharSequence b) {
        if (a.length() != b.length()) {
            throw new IllegalArgumentException("lengths differ: " + a.length() + " and " + b.length());
        }
        int count = 0;
        for (int i = 0; i < a.length(); i++) {
            count += a.charAt(i) == b.charAt(i) ? 0 : 1;
        }
        return count;
    }

    /** Returns one minus the Levenshtein distance over the greater length: 1 for equal strings. */
    public static double similarity(CharSequence a, CharSequence b) {
        int longer = Math.max(a.length(), b.length());
        return longer == 0 ? 1.0 : 1.0 - (double) levenshtein(a, b) / longer;
    }

    /** Returns twice the number of shared adjacent pairs over that of all pairs (Dice's coefficient). */
    public static double dice(String a, String b) {
        int total = Math.max(0, a.length() - 1) + Math.max(0, b.length() - 1);
        if (total == 0) {
            return a.equals(b) ? 1.0 : 0.0;
        }
        int shared = 0;
        boolean[] used = new boolean[b.length()];
        for (int i = 0; i + 1 < a.length(); i++) {
            for (int j = 0; j + 1 < b.length(); j++) {
                if (!used[j] && a.charAt(i) == b.charAt(j) && a.charAt(i + 1) == b.charAt(j + 1)) {
                    used[j] = true;
                    shared++;
                    break;
                }
            }
        }
        return 2.0 * shared / total;
    }

    /** Returns a longest sequence of characters that both strings contain in this order. */
    public static String commonSubsequence(String a, String b) {
        int[][] best = new int[a.length() + 1][b.length() + 1];
        for (int i = a.length() - 1; i >= 0; i--) {
            for (int j = b.length() - 1; j >= 0; j--) {
                best[i][j] = a.charAt(i) == b.charAt(j)
                        ? best[i + 1][j + 1] + 1 : Math.max(best[i + 1][j], best[i][j + 1]);
            }
        }
        StringBuilder common = new StringBuilder();
        for (int i = 0, j = 0; i < a.length() && j < b.length();) {
            if (a.charAt(i) == b.charAt(j)) {
                common.append(a.charAt(i++));
                j++;
            } else if (best[i + 1][j] >= best[i][j + 1]) {
                i++;
            } else {
                j++;
            }
        }
        return common.toString();
    }

    /** Returns the number of characters at the start that two strings share. */
    public static int commonPrefix(CharSequence a, CharSequence b) {
        int n = 0;
        while (n < a.length() && n < b.length() && a.charAt(n) == b.charAt(n)) {
            n++;
        }
        return n;
    }

    /** Tells whether the Levenshtein distance is at most the given one. */
    public static boolean within(int most, CharSequence a, CharSequence b) {
        return Math.abs(a.length() - b.length()) <= most && levenshtein(a, b) <= most;
    }

    /** Returns the candidate nearest to a word, the first of several, or null if there is none at all. */
    public static String closest(String word, Collection<String> candidates) {
        String best = null;
        for (String candidate : candidates) {
            if (best == null || levenshtein(word, candidate) < levenshtein(word, best)) {
                best = candidate;
            }
        }
        return best;
    }
}
