package tessera.text;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNotEquals;
import static org.junit.Assert.assertNotNull;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;
import static org.junit.Assert.fail;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.junit.Test;
import tessera.text.LineDiff.Edit;
import tessera.text.LineDiff.Kind;

public class LineDiffTest {
    private static final List<String> OLD = List.of("a", "b", "c", "d");
    private static final List<String> NEW = List.of("a", "x", "c", "d", "e");

    /** Compares two texts whose lines are single letters. */
    private static LineDiff letters(String before, String after) {
        return LineDiff.between(Arrays.asList(before.split("")), Arrays.asList(after.split("")));
    }

    @Test
    public void testScript() {
        LineDiff diff = LineDiff.between(OLD, NEW);
        assertEquals(new Edit(Kind.KEEP, "a"), diff.edits().get(0));
        assertEquals(new Edit(Kind.REMOVE, "b"), diff.edits().get(1));
        assertEquals(new Edit(Kind.ADD, "x"), diff.edits().get(2));
        assertEquals("+e", diff.edits().get(5).toString());
    }

    @Test
    public void testScriptCannotBeChanged() {
        List<Edit> edits = LineDiff.between(OLD, NEW).edits();
        assertThrows(UnsupportedOperationException.class, () -> edits.remove(0));
        assertThrows(UnsupportedOperationException.class, edits::clear);
    }

    @Test
    public void testCounts() {
        LineDiff diff = LineDiff.between(OLD, NEW);
        assertEquals(3, diff.count(Kind.KEEP));
        assertEquals(1, diff.count(Kind.REMOVE));
        assertEquals(2, diff.count(Kind.ADD));
        assertEquals(6, diff.edits().size());
    }

    @Test
    public void testLinesOfAKind() {
        assertEquals(List.of("a", "c", "d"), LineDiff.between(OLD, NEW).lines(Kind.KEEP));
        assertEquals(List.of("x", "e"), LineDiff.between(OLD, NEW).lines(Kind.ADD));
        assertEquals(List.of("b"), LineDiff.between(OLD, NEW).lines(Kind.REMOVE));
        assertEquals("x", letters("pq", "pxq").lines(Kind.ADD).get(0));
    }

    @Test
    public void testSigns() {
        assertEquals('+', Kind.ADD.sign());
        assertEquals('-', Kind.REMOVE.sign());
        assertEquals(' ', Kind.KEEP.sign());
    }

    @Test
    public void testEmptyDifference() {
        assertTrue(letters("abc", "abc").isEmpty());
        assertTrue(LineDiff.between(List.of(), List.of()).isEmpty());
        assertFalse(letters("abc", "acb").isEmpty());
        assertFalse("letter case matters", LineDiff.ofTexts("A", "a").isEmpty());
    }

    @Test
    public void testBothSidesAreKept() {
        LineDiff diff = LineDiff.between(OLD, NEW);
        assertEquals(OLD, diff.before());
        assertEquals(NEW, diff.after());
        assertNotEquals(diff.before(), diff.after());
    }

    @Test
    public void testOneSideIsEmpty() {
        List<String> none = Collections.emptyList();
        assertEquals(none, LineDiff.between(none, NEW).before());
        assertEquals(NEW.size(), LineDiff.between(none, NEW).count(Kind.ADD));
        assertEquals(OLD.size(), LineDiff.between(OLD, none).count(Kind.REMOVE));
        assertEquals(0, LineDiff.between(OLD, none).after().size());
    }

    @Test
    public void testTexts() {
        String poem = """
                roses are red
                violets are blue
                """;
        LineDiff diff = LineDiff.ofTexts(poem, poem.replace("blue", "green"));
        assertEquals(" roses are red\n-violets are blue\n+violets are green", diff.toString());
        assertEquals("roses are red", String.join("|", diff.lines(Kind.KEEP)));
        assertNotNull(LineDiff.ofTexts("", ""));
    }

    @Test
    public void testLineEndsDoNotMatter() {
        assertTrue(LineDiff.ofTexts("a\nb", "a\r\nb\r\n").isEmpty());
        assertEquals("", LineDiff.ofTexts("", "").toString());
        assertEquals(" a\n+", LineDiff.ofTexts("a", "a\n\n").toString());
    }

    @Test
    public void testHunks() {
        assertEquals(0, letters("same", "same").hunks());
        assertEquals(1, letters("abcd", "abXYcd").hunks());
        assertEquals(2, letters("abcd", "XbcY").hunks());
        assertEquals(LineDiff.between(NEW, OLD).hunks(), LineDiff.between(OLD, NEW).hunks());
    }

    @Test
    public void testFirstChange() {
        assertEquals(2, letters("abcd", "abd").firstChange());
        assertEquals(0, letters("abcd", "xbcd").firstChange());
        assertEquals(-1, letters("abcd", "abcd").firstChange());
    }

    @Test
    public void testRatio() {
        assertEquals(1.0, letters("abc", "abc").ratio(), 0.0);
        assertEquals(0.0, letters("abc", "xyz").ratio(), 0.0);
        assertEquals(2 * 3 / 9.0, LineDiff.between(OLD, NEW).ratio(), 1e-9);
        assertEquals("nothing is alike", 1, LineDiff.between(List.of(), List.of()).ratio(), 0);
    }

    @Test
    public void testInverse() {
        LineDiff diff = LineDiff.between(OLD, NEW);
        assertEquals(diff.after(), diff.inverse().before());
        assertEquals(diff.before(), diff.inverse().after());
        assertEquals(diff.toString(), diff.inverse().inverse().toString());
        assertEquals(diff.count(Kind.ADD), diff.inverse().count(Kind.REMOVE));
    }

    @Test
    public void testApply() {
        LineDiff diff = LineDiff.between(OLD, NEW);
        assertEquals(NEW, diff.apply(OLD));
        assertEquals(OLD, diff.inverse().apply(NEW));
        assertEquals(OLD, diff.inverse().apply(diff.apply(OLD)));
    }

    @Test
    public void testApplyToOtherLines() {
        LineDiff diff = letters("ab", "ac");
        try {
            diff.apply(List.of("a", "x"));
            fail("applied to " + List.of("a", "x"));
        } catch (IllegalStateException expected) {
            assertTrue(expected.getMessage().contains("not of these lines"));
        }
        assertThrows(IllegalStateException.class, () -> diff.apply(OLD));
    }

    @Test
    public void testScriptIsShortest() {
        assertEquals(4, letters("abcabba", "cbabac").count(Kind.KEEP));
        assertEquals(5, letters("abcabba", "cbabac").edits().size() - 4);
        assertTrue(letters("kitten", "sitting").count(Kind.KEEP) >= 4);
    }
}
