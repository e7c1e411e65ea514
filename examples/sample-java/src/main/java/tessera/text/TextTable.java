package tessera.text;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/** A table of short texts under a row of headings, printed with columns of even width. */
public final class TextTable {
    /** Where the text of a column stands in its cells. */
    public enum Align { LEFT, RIGHT, CENTER }

    private final List<String> header;
    private final Align[] aligns;
    private final List<List<String>> rows = new ArrayList<>();

    /** Starts a table with the given headings. */
    public TextTable(String... header) {
        if (header.length == 0) {
            throw new IllegalArgumentException("a table needs a column");
        }
        this.header = List.of(header);
        this.aligns = new Align[header.length];
        Arrays.fill(aligns, Align.LEFT);
    }

    /** Adds a row; cells that are not given are empty. Null is written as an empty cell. */
    public TextTable row(Object... cells) {
        if (cells.length > header.size()) {
            throw new IllegalArgumentException(cells.length + " cells for " + header.size() + " columns");
        }
        List<String> row = new ArrayList<>();
        for (int c = 0; c < header.size(); c++) {
            row.add(c < cells.length && cells[c] != null ? cells[c].toString() : "");
        }
        rows.add(row);
        return this;
    }

    /** Sets how a column is aligned. */
    public TextTable align(String heading, Align align) {
        aligns[indexOf(heading)] = align;
        return this;
    }

    /** Returns how a column is aligned. */
    public Align alignment(String heading) {
        return aligns[indexOf(heading)];
    }

    /** Returns the number of rows below the headings. */
    public int rowCount() {
        return rows.size();
    }

    /** Returns the number of columns. */
    public int columnCount() {
        return header.size();
    }

    /** Tells whether the table has no rows. */
    public boolean isEmpty() {
        return rows.isEmpty();
    }

    /** Returns the text of one cell. */
    public String cell(int row, String heading) {
        return rows.get(row).get(indexOf(heading));
    }

    /** Returns the texts of a column from the first row to the last. */
    public List<String> column(String heading) {
        int index = indexOf(heading);
        return rows.stream().map(row -> row.get(index)).toList();
    }

    /** Returns the width of each column: that of its widest cell or heading. */
    public int[] widths() {
        int[] widths = header.stream().mapToInt(String::length).toArray();
        for (List<String> row : rows) {
            for (int c = 0; c < widths.length; c++) {
                widths[c] = Math.max(widths[c], row.get(c).length());
            }
        }
        return widths;
    }

    /** Sorts the rows by the texts of one column; rows with equal texts keep their order. */
    public TextTable sortBy(String heading) {
        int index = indexOf(heading);
        rows.sort(Comparator.comparing(row -> row.get(index)));
        return this;
    }

    /** Returns the headings, a rule and the rows, without spaces at the ends of lines. */
    public List<String> lines() {
        int[] widths = widths();
        List<String> rule = new ArrayList<>();
        for (int width : widths) {
            rule.add("-".repeat(width));
        }
        List<String> lines = new ArrayList<>();
        lines.add(line(header, widths, "  ").stripTrailing());
        lines.add(String.join("  ", rule));
        rows.forEach(row -> lines.add(line(row, widths, "  ").stripTrailing()));
        return lines;
    }

    /** Returns the table as a Markdown table. */
    public String toMarkdown() {
        int[] widths = widths();
        StringBuilder out = new StringBuilder("| " + line(header, widths, " | ") + " |\n|");
        for (int c = 0; c < widths.length; c++) {
            out.append(aligns[c] == Align.CENTER ? ':' : '-').append("-".repeat(widths[c]));
            out.append(aligns[c] == Align.LEFT ? '-' : ':').append('|');
        }
        rows.forEach(row -> out.append("\n| ").append(line(row, widths, " | ")).append(" |"));
        return out.toString();
    }

    /** Returns the lines of the table joined with line feeds. */
    @Override
    public String toString() {
        return String.join("\n", lines());
    }

    /** Pads a text with spaces to a width; a text that is wider stays as it is. */
    public static String pad(String text, int width, Align align) {
        int room = Math.max(0, width - text.length());
        return switch (align) {
            case LEFT -> text + " ".repeat(room);
            case RIGHT -> " ".repeat(room) + text;
            case CENTER -> " ".repeat(room / 2) + text + " ".repeat(room - room / 2);
        };
    }

    private String line(List<String> cells, int[] widths, String gap) {
        List<String> padded = new ArrayList<>();
        for (int c = 0; c < widths.length; c++) {
            padded.add(pad(cells.get(c), widths[c], aligns[c]));
        }
        return String.join(gap, padded);
    }

    private int indexOf(String heading) {
        int index = header.indexOf(heading);
        if (index < 0) {
            throw new IllegalArgumentException("no column " + heading);
        }
        return index;
    }
}
