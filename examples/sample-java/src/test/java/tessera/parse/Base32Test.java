package tessera.parse;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNotEquals;
import static org.junit.Assert.assertNotSame;
import static org.junit.Assert.assertSame;
import static org.junit.Assert.assertTrue;
import static org.junit.Assert.fail;

import org.junit.Test;

public class Base32Test {
    private static final Base32 BARE = Base32.STANDARD.withoutPadding();

    private static byte[] bytes(int... values) {
        byte[] data = new byte[values.length];
        for (int i = 0; i < data.length; i++) {
            data[i] = (byte) values[i];
        }
        return data;
    }

    @Test
    public void encodesThePublishedVectors() {
        assertEquals("MY======", Base32.STANDARD.encodeText("f"));
        assertEquals("MZXQ====", Base32.STANDARD.encodeText("fo"));
        assertEquals("MZXW6===", Base32.STANDARD.encodeText("foo"));
        assertEquals("MZXW6YTBOI======", Base32.STANDARD.encodeText("foobar"));
        assertEquals("CPNMU===", Base32.HEX.encodeText("foo"));
    }

    @Test
    public void encodesBytes() {
        assertEquals("AAAAA", BARE.encode(new byte[3]));
        assertEquals("77776", BARE.encode(bytes(255, 255, 255)));
        assertEquals("", Base32.HEX.encode(new byte[0]));
        assertEquals("7Y", BARE.encode(bytes(0xfe)));
        assertEquals("VO", Base32.HEX.withoutPadding().encode(bytes(0xfe)));
    }

    @Test
    public void decodesBytes() {
        assertArrayEquals(bytes(0xfe), BARE.decode("7Y"));
        assertArrayEquals(bytes(0, 0, 0), BARE.decode("AAAAA"));
        assertArrayEquals(bytes(), Base32.STANDARD.decode(""));
        assertArrayEquals("foo".getBytes(UTF_8), Base32.HEX.decode("CPNMU==="));
    }

    @Test
    public void decodesWithAndWithoutPadding() {
        assertEquals("fo", Base32.STANDARD.decodeText("MZXQ===="));
        assertEquals("fo", BARE.decodeText("MZXQ===="));
        assertEquals("fo", Base32.STANDARD.decodeText("MZXQ"));
    }

    @Test
    public void decodesEitherCase() {
        assertEquals("foobar", BARE.decodeText("mzxw6ytboi"));
        assertEquals("foobar", BARE.lowerCase().decodeText("MZXW6YTBOI"));
        assertArrayEquals(BARE.decode("MZXW6"), BARE.decode("mZxW6"));
    }

    @Test
    public void roundTripOfEveryLength() {
        byte[] data = {};
        for (int length = 0; length < 40; length++) {
            assertArrayEquals(data, Base32.STANDARD.decode(Base32.STANDARD.encode(data)));
            assertArrayEquals("length " + length, data, BARE.decode(BARE.encode(data)));
            data = new byte[length + 1];
            for (int i = 0; i <= length; i++) {
                data[i] = (byte) (length * 31 + i * 17);
            }
        }
    }

    @Test
    public void encodedLengths() {
        assertEquals(8, Base32.STANDARD.encodedLength(1));
        assertEquals(16, Base32.STANDARD.encodedLength(6));
        assertEquals(2, BARE.encodedLength(1));
        assertEquals(BARE.encode(new byte[33]).length(), BARE.encodedLength(33));
    }

    @Test
    public void decodedLengths() {
        assertEquals(1, Base32.STANDARD.decodedLength("MY======"));
        assertEquals(5, BARE.decodedLength("ABCDEFGH"));
        assertEquals("pad".length(), BARE.decodedLength(BARE.encodeText("pad")));
    }

    @Test
    public void lowerCaseOutput() {
        Base32 lower = Base32.STANDARD.lowerCase();
        assertEquals("mzxw6===", lower.encodeText("foo"));
        assertEquals("mzxw6", lower.withoutPadding().encodeText("foo"));
        assertSame(lower, lower.lowerCase());
        assertNotSame(lower, Base32.STANDARD);
    }

    @Test
    public void numbers() {
        assertEquals("0000000000000", Base32.HEX.withoutPadding().encodeLong(0));
        assertEquals("VVVVVVVVVVVVU", Base32.HEX.withoutPadding().encodeLong(-1L));
        assertTrue(Base32.HEX.encodeLong(41).compareTo(Base32.HEX.encodeLong(42)) < 0);
    }

    @Test
    public void digits() {
        assertEquals(0, Base32.STANDARD.digit('A'));
        assertEquals(25, Base32.STANDARD.digit('z'));
        assertEquals(31, BARE.digit('7'));
        assertEquals(7, Base32.HEX.digit('7'));
        assertNotEquals(BARE.digit('B'), Base32.HEX.digit('B'));
    }

    @Test
    public void validity() {
        assertTrue("padded", BARE.isValid("MY======"));
        assertTrue(Base32.HEX.isValid("00"));
        assertFalse("zero is no digit", BARE.isValid("00"));
        assertFalse("one character too many", BARE.isValid("MZX"));
        assertFalse("left-over bits", BARE.isValid("MZ"));
    }

    @Test
    public void badDigitIsReported() {
        try {
            Base32.STANDARD.decode("AB1");
            fail("1 is no digit");
        } catch (IllegalArgumentException e) {
            assertEquals("no base32 digit: 1", e.getMessage());
        }
        try {
            Base32.HEX.decodeText("W");
            fail();
        } catch (IllegalArgumentException e) {
            assertTrue(e.getMessage().contains("W"));
        }
    }

    @Test
    public void groups() {
        assertEquals("ABCD-EFGH", Base32.group("ABCDEFGH", 4));
        assertEquals("AB-CD-E", Base32.group("ABCDE", 2));
        assertEquals("ABC", Base32.group("ABC", 3));
    }

    @Test
    public void withoutPaddingIsKept() {
        assertSame(BARE, BARE.withoutPadding());
        assertFalse(BARE.encodeText("padding?").endsWith("="));
        assertTrue(BARE.lowerCase().encodeText("x").startsWith("pa"));
    }
}
