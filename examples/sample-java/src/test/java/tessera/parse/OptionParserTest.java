package tessera.parse;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNotNull;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertSame;
import static org.junit.Assert.assertTrue;
import static org.junit.Assert.fail;

import java.util.List;
import org.junit.Before;
import org.junit.Test;

public class OptionParserTest {
    private OptionParser parser;

    @Before
    public void defineOptions() {
        parser = new OptionParser();
        parser.flag('v', "verbose", "print more");
        parser.flag('n', "dry-run", "change nothing");
        parser.value('o', "output", "file to write");
        parser.value('I', "include", "directory to search");
    }

    private OptionParser.Result parse(String commandLine) {
        return parser.parse(commandLine.split(" "));
    }

    private void checkRejected(String message, String... arguments) {
        try {
            parser.parse(arguments);
            fail("accepted: " + String.join(" ", arguments));
        } catch (IllegalArgumentException e) {
            assertEquals(message, e.getMessage());
        }
    }

    @Test
    public void shouldReadLongOptions() {
        OptionParser.Result result = parser.parse("--verbose", "--output", "a.out", "--include=src");
        assertTrue(result.has("verbose"));
        assertFalse(result.has("dry-run"));
        assertEquals("a.out", result.get("output"));
        assertEquals("src", result.get("include"));
        assertNull(result.get("other"));
    }

    @Test
    public void shouldReadShortOptions() {
        assertTrue(parse("-v").has("verbose"));
        assertFalse(parse("-v").has("output"));
        assertEquals("x.txt", parse("-o x.txt").get("output"));
        assertEquals("x.txt", parse("-ox.txt").get("output"));
    }

    @Test
    public void shouldReadBundledLetters() {
        OptionParser.Result result = parse("-vno out.bin file");
        assertTrue(result.has("verbose") && result.has("dry-run"));
        assertEquals("out.bin", result.get("output"));
        assertEquals(List.of("file"), result.arguments());
    }

    @Test
    public void shouldCountRepeatedFlags() {
        assertEquals(3, parse("-vv -v").count("verbose"));
        assertEquals(2, parse("--verbose x --verbose").count("verbose"));
        assertEquals(0, parse("x y z").count("verbose"));
    }

    @Test
    public void shouldCollectRepeatedValues() {
        OptionParser.Result result = parse("-Ia -I b --include=c --include d");
        assertEquals(List.of("a", "b", "c", "d"), result.all("include"));
        assertEquals("the last one wins", "d", result.get("include"));
        assertEquals(4, result.count("include"));
        assertTrue(result.all("output").isEmpty());
    }

    @Test
    public void shouldKeepPlainArgumentsInOrder() {
        assertEquals(List.of("one", "two"), parse("one -v two").arguments());
        assertArrayEquals(new Object[] {"-", "x"}, parse("- -n x").arguments().toArray());
        assertEquals(0, parse("--verbose").arguments().size());
    }

    @Test
    public void shouldStopAtDoubleDash() {
        OptionParser.Result result = parse("-v -- -n --output");
        assertArrayEquals(new String[] {"-n", "--output"}, result.arguments().toArray(new String[0]));
        assertFalse("after the dashes", result.has("dry-run"));
        assertTrue("before the dashes", result.has("verbose"));
    }

    @Test
    public void shouldTakeAnythingAsValue() {
        assertEquals("--", parse("-o --").get("output"));
        assertEquals("", parser.parse("--output=").get("output"));
        assertEquals("k=v", parser.parse("--output=k=v").get("output"));
    }

    @Test
    public void shouldConvertIntegers() {
        OptionParser limits = new OptionParser().value('j', "jobs", "number of jobs");
        assertEquals(8, limits.parse("-j8").getInt("jobs", 1));
        assertEquals(1, limits.parse().getInt("jobs", 1));
        assertEquals(-2, limits.parse("--jobs", "-2").getInt("jobs", 1));
    }

    @Test(expected = NumberFormatException.class)
    public void shouldNotConvertWords() {
        parse("-o many").getInt("output", 0);
    }

    @Test
    public void shouldRejectBadArguments() {
        checkRejected("unknown option: color", "--color");
        checkRejected("unknown option: -x", "-vx");
        checkRejected("option needs a value: output", "-v", "-o");
        checkRejected("option needs a value: include", "--include");
        checkRejected("option takes no value: verbose", "--verbose=2");
    }

    @Test
    public void shouldRejectSecondDefinition() {
        try {
            parser.value('o', "other", "");
            fail("letter o is taken");
        } catch (IllegalStateException e) {
            assertEquals("option defined twice: other", e.getMessage());
        }
        try {
            parser.flag('w', "verbose", "");
            fail("the name is taken");
        } catch (IllegalStateException e) {
            assertNull(parser.nameOf('w'));
        }
    }

    @Test
    public void shouldKnowItsOptions() {
        assertTrue(parser.knows("dry-run"));
        assertFalse(parser.knows("d"));
        assertEquals("verbose", parser.nameOf('v'));
        assertEquals("include", parser.nameOf('I'));
        assertNull(parser.nameOf('i'));
        assertSame(parser, parser.flag('q', "quiet", "print less"));
        assertNotNull(parser.nameOf('q'));
    }

    @Test
    public void shouldDescribeTheOptions() {
        OptionParser small = new OptionParser();
        assertTrue(small.usage().isEmpty());
        assertEquals("  -h, --help  show this\n", small.flag('h', "help", "show this").usage());
        assertTrue(small.value('f', "file", "input").usage().endsWith("  -f, --file=VALUE  input\n"));
        assertEquals(4, parser.usage().lines().count());
    }
}
