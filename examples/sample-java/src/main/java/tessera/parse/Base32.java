package tessera.parse;

import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** Base32 as in RFC 4648: five bits a character, in groups of eight characters. */
public final class Base32 {
    /** The alphabet A-Z and 2-7, with padding. */
    public static final Base32 STANDARD = new Base32("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", true, false);
    /** The alphabet 0-9 and A-V, which keeps the order of the data, with padding. */
    public static final Base32 HEX = new Base32("0123456789ABCDEFGHIJKLMNOPQRSTUV", true, false);

    private final String alphabet;
    private final boolean padded;
    private final boolean lower;

    private Base32(String alphabet, boolean padded, boolean lower) {
        this.alphabet = alphabet;
        this.padded = padded;
        this.lower = lower;
    }

    /** Returns the codec that writes no padding; this very codec when it already is one. */
    public Base32 withoutPadding() {
        return padded ? new Base32(alphabet, false, lower) : this;
    }

    /** Returns the codec that writes lower-case letters; this very codec when it already does. */
    public Base32 lowerCase() {
        return lower ? this : new Base32(alphabet, padded, true);
    }

    /** Returns the number of characters that encode the given number of bytes. */
    public int encodedLength(int bytes) {
        return padded ? (bytes + 4) / 5 * 8 : (bytes * 8 + 4) / 5;
    }

    /** Returns the number of bytes in a text, without looking at its characters. */
    public int decodedLength(String text) {
        return unpad(text).length() * 5 / 8;
    }

    /** Encodes bytes. */
    public String encode(byte[] data) {
        StringBuilder out = new StringBuilder();
        int buffer = 0;
        int bits = 0;
        for (byte b : data) {
            buffer = (buffer << 8 | b & 0xff) & 0xfff;
            for (bits += 8; bits >= 5; bits -= 5) {
                out.append(alphabet.charAt(buffer >> bits - 5 & 31));
            }
        }
        if (bits > 0) {
            out.append(alphabet.charAt(buffer << 5 - bits & 31));
        }
        while (padded && out.length() % 8 != 0) {
            out.append('=');
        }
        return lower ? out.toString().toLowerCase(Locale.ROOT) : out.toString();
    }

    /** Encodes the UTF-8 form of a text. */
    public String encodeText(String text) {
        return encode(text.getBytes(StandardCharsets.UTF_8));
    }

    /** Encodes the eight bytes of a number, the highest first. */
    public String encodeLong(long value) {
        byte[] data = new byte[8];
        for (int i = 0; i < 8; i++) {
            data[i] = (byte) (value >>> 56 - 8 * i);
        }
        return encode(data);
    }

    /** Decodes a text of either case, with or without padding. */
    public byte[] decode(String text) {
        String digits = unpad(text);
        byte[] data = new byte[decodedLength(text)];
        int buffer = 0;
        int bits = 0;
        int count = 0;
        for (int i = 0; i < digits.length(); i++) {
            buffer = (buffer << 5 | digit(digits.charAt(i))) & 0xfff;
            bits += 5;
            if (bits >= 8) {
                bits -= 8;
                data[count++] = (byte) (buffer >> bits);
            }
        }
        if (bits >= 5 || (buffer & (1 << bits) - 1) != 0) {
            throw new IllegalArgumentException("truncated text: " + text);
        }
        return data;
    }

    /** Decodes a text to UTF-8. */
    public String decodeText(String text) {
        return new String(decode(text), StandardCharsets.UTF_8);
    }

    /** Tells whether a text can be decoded. */
    public boolean isValid(String text) {
        try {
            return decode(text) != null;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    /** Returns the value of a digit, from 0 to 31. */
    public int digit(char c) {
        int value = alphabet.indexOf(Character.toUpperCase(c));
        if (value < 0) {
            throw new IllegalArgumentException("no base32 digit: " + c);
        }
        return value;
    }

    /** Puts a dash after every group of the given length, for people to read. */
    public static String group(String text, int length) {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            out.append(i > 0 && i % length == 0 ? "-" : "").append(text.charAt(i));
        }
        return out.toString();
    }

    private static String unpad(String text) {
        int end = text.length();
        while (end > 0 && text.charAt(end - 1) == '=') {
            end--;
        }
        return text.substring(0, end);
    }
}
