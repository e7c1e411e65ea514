package tessera.parse;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** Writes bytes as hexadecimal text and reads them back. */
public final class HexDump {
    private static final String DIGITS = "0123456789abcdef";

    private final int width;
    private final boolean upper;

    /** Creates a dump of the given number of bytes a line, with lower-case digits. */
    public HexDump(int width) {
        this(width, false);
    }

    private HexDump(int width, boolean upper) {
        if (width < 1 || width > 64) {
            throw new IllegalArgumentException("bad width: " + width);
        }
        this.width = width;
        this.upper = upper;
    }

    /** Returns the same dump with upper-case digits. */
    public HexDump upperCase() {
        return new HexDump(width, true);
    }

    /** Returns the number of bytes a line. */
    public int width() {
        return width;
    }

    /** Returns the number of lines for some bytes. */
    public int lineCount(int bytes) {
        return (bytes + width - 1) / width;
    }

    /** Writes one line: the offset in eight digits, the bytes, and the printable characters. */
    public String line(byte[] data, int offset) {
        byte[] row = Arrays.copyOfRange(data, offset, Math.min(data.length, offset + width));
        String hex = toHex(row, " ");
        String padding = " ".repeat(3 * width - 1 - hex.length());
        String digits = String.format("%08x", offset) + "  " + hex;
        return (upper ? digits.toUpperCase(Locale.ROOT) : digits) + padding + "  |" + printable(row) + "|";
    }

    /** Writes all lines. */
    public List<String> lines(byte[] data) {
        List<String> lines = new ArrayList<>();
        for (int offset = 0; offset < data.length; offset += width) {
            lines.add(line(data, offset));
        }
        return lines;
    }

    /** Writes all lines as one text, each with a line feed. */
    public String format(byte[] data) {
        StringBuilder out = new StringBuilder();
        lines(data).forEach(line -> out.append(line).append('\n'));
        return out.toString();
    }

    /** Reads the bytes of a dump; offsets and printable characters are skipped. */
    public static byte[] parse(String dump) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (String line : dump.split("\n")) {
            int start = line.indexOf("  ");
            int end = line.indexOf("  |");
            if (start >= 0 && end > start) {
                out.writeBytes(fromHex(line.substring(start, end)));
            }
        }
        return out.toByteArray();
    }

    /** Writes bytes as lower-case digits with nothing between them. */
    public static String toHex(byte... data) {
        return toHex(data, "");
    }

    /** Writes bytes as lower-case digits with a separator between the bytes. */
    public static String toHex(byte[] data, String separator) {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < data.length; i++) {
            out.append(i == 0 ? "" : separator);
            out.append(DIGITS.charAt(data[i] >> 4 & 15)).append(DIGITS.charAt(data[i] & 15));
        }
        return out.toString();
    }

    /** Reads digits of either case; spaces, colons and dashes between them are skipped. */
    public static byte[] fromHex(String text) {
        String digits = text.replaceAll("[\\s:-]", "").toLowerCase(Locale.ROOT);
        if (digits.length() % 2 != 0) {
            throw new IllegalArgumentException("odd number of digits: " + digits.length());
        }
        byte[] data = new byte[digits.length() / 2];
        for (int i = 0; i < data.length; i++) {
            data[i] = (byte) (digit(digits.charAt(2 * i)) << 4 | digit(digits.charAt(2 * i + 1)));
        }
        return data;
    }

    /** Returns the value of a hexadecimal digit of either case. */
    public static int digit(char c) {
        int value = DIGITS.indexOf(Character.toLowerCase(c));
        if (value < 0) {
            throw new IllegalArgumentException("no hexadecimal digit: " + c);
        }
        return value;
    }

    /** Returns the bytes as ASCII, with a dot for each byte that is not printable. */
    public static String printable(byte[] data) {
        StringBuilder out = new StringBuilder();
        for (byte b : data) {
            out.append(b >= 0x20 && b < 0x7f ? (char) b : '.');
        }
        return out.toString();
    }

    /** Returns the first offset at which two arrays differ, or -1 when they are equal. */
    public static int firstDifference(byte[] left, byte[] right) {
        return Arrays.mismatch(left, right);
    }

    /** Returns a copy of the bytes in reverse order. */
    public static byte[] reversed(byte[] data) {
        byte[] copy = new byte[data.length];
        for (int i = 0; i < data.length; i++) {
            copy[i] = data[data.length - 1 - i];
        }
        return copy;
    }
}
