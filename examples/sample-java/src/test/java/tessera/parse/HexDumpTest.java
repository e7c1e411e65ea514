package tessera.parse;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.endsWith;
import static org.hamcrest.Matchers.everyItem;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.startsWith;
import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertNotSame;
import static org.junit.Assert.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.Before;
import org.junit.Test;

public class HexDumpTest {
    private HexDump dump;
    private byte[] hello;

    @Before
    public void createDump() {
        dump = new HexDump(8);
        hello = "Hello, world!\n".getBytes(StandardCharsets.US_ASCII);
    }

    @Test
    public void testToHex() {
        assertEquals("00ff10", HexDump.toHex((byte) 0, (byte) 255, (byte) 16));
        assertEquals("7f80", HexDump.toHex(Byte.MAX_VALUE, Byte.MIN_VALUE));
        assertEquals("", HexDump.toHex());
    }

    @Test
    public void testToHexWithSeparator() {
        byte[] address = {0, 26, 43, 60};
        assertEquals("00:1a:2b:3c", HexDump.toHex(address, ":"));
        assertEquals("00 1a 2b 3c", HexDump.toHex(address, " "));
        assertEquals("001a2b3c", HexDump.toHex(address, ""));
    }

    @Test
    public void testFromHex() {
        assertArrayEquals(new byte[] {10, 11}, HexDump.fromHex("0a0b"));
        assertArrayEquals(new byte[] {-1, 0, 1}, HexDump.fromHex("FF 00 01"));
        assertArrayEquals(new byte[] {0x1a, 0x2b}, HexDump.fromHex("1a:2B"));
        assertArrayEquals(new byte[] {1, 2, 3, 4}, HexDump.fromHex("0102-0304"));
        assertArrayEquals(new byte[0], HexDump.fromHex(""));
    }

    @Test
    public void testRoundTrip() {
        byte[] all = new byte[256];
        for (int i = 0; i < all.length; i++) {
            all[i] = (byte) i;
        }
        assertArrayEquals(all, HexDump.fromHex(HexDump.toHex(all)));
        assertArrayEquals("with separators", all, HexDump.fromHex(HexDump.toHex(all, " : ")));
        assertArrayEquals("whole dump", all, HexDump.parse(dump.format(all)));
    }

    @Test(expected = IllegalArgumentException.class)
    public void testOddNumberOfDigits() {
        HexDump.fromHex("abc");
    }

    @Test(expected = IllegalArgumentException.class)
    public void testBadDigit() {
        HexDump.fromHex("0g");
    }

    @Test(expected = IllegalArgumentException.class)
    public void testBadWidth() {
        new HexDump(0);
    }

    @Test
    public void testDigit() {
        assertEquals(0, HexDump.digit('0'));
        assertEquals(9, HexDump.digit('9'));
        assertEquals(10, HexDump.digit('a'));
        assertEquals(15, HexDump.digit('F'));
    }

    @Test
    public void testPrintable() {
        assertEquals("Hello, world!.", HexDump.printable(hello));
        assertEquals("~..", HexDump.printable(new byte[] {126, 127, -128}));
        assertEquals(" ", HexDump.printable(new byte[] {32}));
    }

    @Test
    public void testFirstLine() {
        String line = dump.line(hello, 0);
        assertEquals("00000000  48 65 6c 6c 6f 2c 20 77  |Hello, w|", line);
        assertEquals("00000000  48 65  |He|", new HexDump(2).line(hello, 0));
        assertEquals("00000004  6f  |o|", new HexDump(1).line(hello, 4));
    }

    @Test
    public void testLastLineIsPadded() {
        String first = dump.line(hello, 0);
        String last = dump.line(hello, 8);
        assertThat(last, allOf(startsWith("00000008  6f 72 6c 64 21 0a "), endsWith("  |orld!.|")));
        assertEquals("same column", first.indexOf('|'), last.indexOf('|'));
        assertEquals("two characters less", first.length() - 2, last.length());
    }

    @Test
    public void testUpperCase() {
        HexDump upper = dump.upperCase();
        assertNotSame(dump, upper);
        assertEquals(dump.width(), upper.width());
        assertThat(upper.line(hello, 0), startsWith("00000000  48 65 6C 6C"));
        assertThat(upper.line(hello, 0), endsWith("|Hello, w|"));
    }

    @Test
    public void testLines() {
        assertThat(dump.lines(hello), hasSize(2));
        assertThat(dump.lines(hello), everyItem(endsWith("|")));
        assertThat(new HexDump(16).lines(hello), hasSize(1));
        assertTrue(dump.lines(new byte[0]).isEmpty());
    }

    @Test
    public void testLineCount() {
        assertEquals(0, dump.lineCount(0));
        assertEquals(1, dump.lineCount(8));
        assertEquals(2, dump.lineCount(9));
        assertEquals(dump.lines(hello).size(), dump.lineCount(hello.length));
    }

    @Test
    public void testParse() {
        assertArrayEquals(hello, HexDump.parse(dump.format(hello)));
        assertArrayEquals(hello, HexDump.parse(dump.upperCase().format(hello)));
        assertArrayEquals(new byte[] {1, 2}, HexDump.parse("00000000  01 02  |..|\n"));
        assertEquals("no dump at all", 0, HexDump.parse("nothing here").length);
    }

    @Test
    public void testFirstDifference() {
        byte[] copy = Arrays.copyOf(hello, hello.length);
        assertEquals(-1, HexDump.firstDifference(hello, copy));
        copy[7] = 'W';
        assertEquals(7, HexDump.firstDifference(hello, copy));
        assertEquals(5, HexDump.firstDifference(hello, Arrays.copyOf(hello, 5)));
    }

    @Test
    public void testReversed() {
        assertArrayEquals(new byte[] {3, 2, 1}, HexDump.reversed(new byte[] {1, 2, 3}));
        assertArrayEquals(new byte[] {}, HexDump.reversed(new byte[] {}));
        assertArrayEquals(hello, HexDump.reversed(HexDump.reversed(hello)));
        assertEquals('!', HexDump.reversed(hello)[1]);
    }
}
