package tessera.parse;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNotSame;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertSame;
import static org.junit.Assert.assertTrue;

import java.util.Iterator;
import java.util.Map;
import org.junit.Before;
import org.junit.Test;

public class CsvLineTest {
    private CsvLine line;
    private CsvLine header;

    @Before
    public void setUp() {
        header = CsvLine.of("id", "name", "price");
        line = CsvLine.of("7", "Tea, green", "3.50");
    }

    private static String[] fields(String... values) {
        return values;
    }

    @Test
    public void testParsePlainFields() {
        assertArrayEquals(fields("a", "b", "c"), CsvLine.parse("a,b,c").toArray());
        assertArrayEquals(fields("a", "", ""), CsvLine.parse("a,,").toArray());
        assertArrayEquals(fields(""), CsvLine.parse("").toArray());
        assertArrayEquals(fields(" x ", "y"), CsvLine.parse(" x ,y").toArray());
    }

    @Test
    public void testParseQuotedFields() {
        assertArrayEquals(new String[] {"a,b", "c"}, CsvLine.parse("\"a,b\",c").toArray());
        assertArrayEquals(new String[] {"say \"hi\""}, CsvLine.parse("\"say \"\"hi\"\"\"").toArray());
        assertArrayEquals(new String[] {"", "z"}, CsvLine.parse("\"\",z").toArray());
    }

    @Test
    public void testParseOtherDelimiter() {
        assertEquals(CsvLine.of("1,5", "2"), CsvLine.parse("1,5;2", ';'));
        assertEquals(CsvLine.of("p", "q", "r"), CsvLine.parse("p\tq\tr", '\t'));
        assertEquals(CsvLine.of("a|b"), CsvLine.parse("\"a|b\"", '|'));
    }

    @Test(expected = IllegalArgumentException.class)
    public void testParseUnterminatedQuote() {
        CsvLine.parse("a,\"b");
    }

    @Test
    public void testGet() {
        assertEquals("first field", "7", line.get(0));
        assertEquals("last field", "3.50", line.get(line.size() - 1));
        assertEquals("number of fields", 3, line.size());
    }

    @Test
    public void testGetOr() {
        CsvLine gaps = CsvLine.parse("x,,z");
        assertEquals("x", gaps.getOr(0, "none"));
        assertEquals("none", gaps.getOr(1, "none"));
        assertEquals("none", gaps.getOr(9, "none"));
        assertEquals("none", gaps.getOr(-1, "none"));
    }

    @Test
    public void testNumber() {
        assertEquals(3.5, line.number(2), 0.0);
        assertEquals(7.0, line.number(0), 0.0);
        assertNull("no number", line.number(1));
        assertNull("no such field", line.number(5));
    }

    @Test
    public void testWith() {
        CsvLine changed = line.with(0, "8");
        assertEquals("8", changed.get(0));
        assertEquals("the original stays", "7", line.get(0));
        assertSame("nothing to change", line, line.with(0, "7"));
        assertNotSame(line, line.with(2, "4"));
    }

    @Test
    public void testAppendAndSelect() {
        assertEquals(5, line.append("x", "y").size());
        assertEquals("y", line.append("x", "y").get(4));
        assertEquals(CsvLine.of("3.50", "7"), line.select(2, 0));
        assertEquals(CsvLine.of("7", "7", "7"), line.select(0, 0, 0));
        assertEquals(CsvLine.of(), line.select());
    }

    @Test
    public void testToMap() {
        assertEquals(Map.of("id", "7", "name", "Tea, green", "price", "3.50"), line.toMap(header));
        assertEquals(Map.of("id", "1", "name", "", "price", ""), CsvLine.of("1").toMap(header));
        assertEquals("Tea, green", line.toMap(header).get("name"));
    }

    @Test
    public void testFormat() {
        assertEquals("7,\"Tea, green\",3.50", line.toString());
        assertEquals("7;Tea, green;3.50", line.format(';'));
        assertEquals("7 \"Tea, green\" 3.50", line.format(' '));
        assertEquals(line, CsvLine.parse(line.format('|'), '|'));
    }

    @Test
    public void testNeedsQuotes() {
        assertTrue(CsvLine.needsQuotes("a,b", ','));
        assertFalse(CsvLine.needsQuotes("a,b", ';'));
        assertTrue("line break", CsvLine.needsQuotes("a\nb", ','));
        assertTrue("leading space", CsvLine.needsQuotes(" a", ','));
        assertEquals("\"5\"\" disk\"", CsvLine.quote("5\" disk"));
    }

    @Test
    public void testIterationAndBlankness() {
        Iterator<String> names = header.iterator();
        assertEquals("id", names.next());
        assertEquals("name", names.next());
        assertTrue(CsvLine.parse(" ,,\t").isBlank());
        assertFalse(CsvLine.parse(",,0").isBlank());
    }
}
