package tessera.text;

import java.util.ArrayList;
import java.util.List;

/** The difference of two lists of lines, as a shortest script of lines kept, removed and added. */
public final class LineDiff {
    /** What happens to a line. */
    public enum Kind {
        KEEP(' '), REMOVE('-'), ADD('+');

        private final char sign;

        Kind(char sign) {
            this.sign = sign;
        }

        /** Returns the character that stands before a line of this kind. */
        public char sign() {
            return sign;
        }
    }

    /** One line of the script. */
    public record Edit(Kind kind, String line) {
        /** Returns the sign of the edit and its line. */
        @Override
        public String toString() {
            return kind.sign() + line;
        }
    }

    private final List<Edit> edits;

    private LineDiff(List<Edit> edits) {
        this.edits = List.copyOf(edits);
    }

    /** Compares two lists of lines; where lines are replaced, the removed ones come first. */
    public static LineDiff between(List<String> before, List<String> after) {
        int[][] common = new int[before.size() + 1][after.size() + 1];
        for (int i = before.size() - 1; i >= 0; i--) {
            for (int j = after.size() - 1; j >= 0; j--) {
                common[i][j] = before.get(i).equals(after.get(j))
                        ? common[i + 1][j + 1] + 1 : Math.max(common[i + 1][j], common[i][j + 1]);
            }
        }
        List<Edit> edits = new ArrayList<>();
        int i = 0;
        int j = 0;
        while (i < before.size() || j < after.size()) {
            if (i < before.size() && j < after.size() && before.get(i).equals(after.get(j))) {
                edits.add(new Edit(Kind.KEEP, before.get(i++)));
                j++;
            } else if (j == after.size() || i < before.size() && common[i + 1][j] >= common[i][j + 1]) {
                edits.add(new Edit(Kind.REMOVE, before.get(i++)));
            } else {
                edits.add(new Edit(Kind.ADD, after.get(j++)));
            }
        }
        return new LineDiff(edits);
    }

    /** Compares the lines of two texts. */
    public static LineDiff ofTexts(String before, String after) {
        return between(before.lines().toList(), after.lines().toList());
    }

    /** Returns the script. */
    public List<Edit> edits() {
        return edits;
    }

    /** Returns the number of lines of one kind. */
    public int count(Kind kind) {
        return (int) edits.stream().filter(edit -> edit.kind() == kind).count();
    }

    /** Returns the lines of one kind. */
    public List<String> lines(Kind kind) {
        return edits.stream().filter(edit -> edit.kind() == kind).map(Edit::line).toList();
    }

    /** Tells whether no line is removed or added. */
    public boolean isEmpty() {
        return count(Kind.KEEP) == edits.size();
    }

    /** Returns the lines before the change. */
    public List<String> before() {
        return edits.stream().filter(edit -> edit.kind() != Kind.ADD).map(Edit::line).toList();
    }

    /** Returns the lines after the change. */
    public List<String> after() {
        return edits.stream().filter(edit -> edit.kind() != Kind.REMOVE).map(Edit::line).toList();
    }

    /** Returns the number of runs of changed lines. */
    public int hunks() {
        int hunks = 0;
        Kind last = Kind.KEEP;
        for (Edit edit : edits) {
            hunks += last == Kind.KEEP && edit.kind() != Kind.KEEP ? 1 : 0;
            last = edit.kind();
        }
        return hunks;
    }

    /** Returns the index of the first changed line of the script, or -1 if there is none. */
    public int firstChange() {
        for (int i = 0; i < edits.size(); i++) {
            if (edits.get(i).kind() != Kind.KEEP) {
                return i;
            }
        }
        return -1;
    }

    /** Returns twice the number of kept lines over that of all lines before and after. */
    public double ratio() {
        int kept = count(Kind.KEEP);
        return edits.isEmpty() ? 1.0 : 2.0 * kept / (edits.size() + kept);
    }

    /** Returns the difference that undoes this one. */
    public LineDiff inverse() {
        return between(after(), before());
    }

    /** Returns the lines after the change, given the lines before it. */
    public List<String> apply(List<String> lines) {
        if (!lines.equals(before())) {
            throw new IllegalStateException("the difference is not of these lines");
        }
        return after();
    }

    /** Returns the edits, one a line. */
    @Override
    public String toString() {
        return String.join("\n", edits.stream().map(Edit::toString).toList());
    }
}
