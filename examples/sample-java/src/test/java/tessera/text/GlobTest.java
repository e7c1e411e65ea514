package tessera.text;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsInAnyOrder;
import static org.hamcrest.Matchers.hasItems;
import static org.hamcrest.Matchers.hasToString;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNotSame;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertSame;
import static org.junit.Assert.assertTrue;

import java.util.Arrays;
import java.util.List;
import org.junit.Test;

public class GlobTest {
    private static final List<String> TREE =
            Arrays.asList("pom.xml", "src/Main.java", "src/util/Text.java",
                    "src/util/notes.txt", "README.md");

    private static boolean hit(String glob, String path) {
        return Glob.of(glob).matches(path);
    }

    @Test
    public void starStaysInItsFolder() {
        Glob glob = Glob.of("src/*.java");
        assertTrue(glob.matches("src/Main.java"));
        assertTrue(glob.matches("src/.java"));
        assertFalse(glob.matches("src/util/Text.java"));
        assertFalse(glob.matches("src/Main.class"));
    }

    @Test
    public void doubleStarCrossesFolders() {
        assertTrue(Glob.of("src/**").matches("src/util/Text.java"));
        assertTrue(Glob.of("**/*.java").matches("src/util/Text.java"));
        assertTrue("no folder at all", Glob.of("**/*.xml").matches("pom.xml"));
        assertFalse("a name must follow", Glob.of("**/*.xml").matches("pom.xml/"));
    }

    @Test
    public void questionMarkIsOneCharacter() {
        assertTrue(hit("v?.txt", "v1.txt"));
        assertTrue(hit("??", "ab"));
        assertFalse(hit("?", ""));
        assertFalse(hit("a?b", "a/b"));
    }

    @Test
    public void setsOfCharacters() {
        assertTrue(hit("[abc].txt", "b.txt"));
        assertTrue(hit("log[0-9]", "log7"));
        assertTrue(hit("[!0-9]x", "ax"));
        assertFalse(hit("[!0-9]x", "5x"));
        assertFalse(hit("[^a]", "b"));
    }

    @Test
    public void choicesInBraces() {
        Glob images = Glob.of("*.{png,jpg}");
        for (String name : new String[] {"a.png", "b.jpg", ".png"}) {
            assertTrue(name, images.matches(name));
        }
        assertFalse(images.matches("a.gif"));
        assertFalse(images.matches("a.png,jpg"));
        assertTrue("a comma outside of braces", hit("a,b", "a,b"));
    }

    @Test
    public void backslashMakesOrdinary() {
        assertTrue(hit("what\\?", "what?"));
        assertFalse(hit("what\\?", "what!"));
        assertTrue(hit("\\{a\\}", "{a}"));
    }

    @Test
    public void regularExpressionSignsAreOrdinary() {
        String[] signs = {"a+b", "(x)", "$1", "^", "a.b|c"};
        for (String sign : signs) {
            assertTrue(sign, Glob.of(sign).matches(sign));
        }
        assertFalse(hit("a+b", "aab"));
        assertFalse(hit("a.b", "axb"));
    }

    @Test
    public void caseCanBeIgnored() {
        Glob glob = Glob.of("read*.MD");
        assertFalse(glob.matches("README.md"));
        assertTrue(glob.ignoringCase().matches("README.md"));
        assertTrue(glob.ignoringCase().isIgnoringCase());
        assertFalse(glob.isIgnoringCase());
        assertNotSame(glob, glob.ignoringCase());
    }

    @Test
    public void ignoringCaseTwiceIsTheSame() {
        Glob glob = Glob.of("*").ignoringCase();
        assertSame(glob, glob.ignoringCase());
        assertSame(glob, glob.ignoringCase().ignoringCase());
    }

    @Test
    public void filterKeepsOrder() {
        assertThat(Glob.of("**.java").filter(TREE), contains("src/Main.java", "src/util/Text.java"));
        assertThat(Glob.of("*.*").filter(TREE), containsInAnyOrder("README.md", "pom.xml"));
        assertThat(Glob.of("src/util/*").filter(TREE), hasItems("src/util/notes.txt"));
        assertEquals(TREE, Glob.of("**").filter(TREE));
    }

    @Test
    public void firstOrNull() {
        assertEquals("pom.xml", Glob.of("*").first(TREE));
        assertEquals("src/util/notes.txt", Glob.of("**/*.txt").first(TREE));
        assertNull(Glob.of("*.txt").first(TREE));
        assertNull(Glob.of("**").first(List.of()));
    }

    @Test
    public void countOfMatches() {
        Glob glob = Glob.of("a*");
        assertEquals(2, glob.count("a", "ab", "b"));
        assertEquals(0, glob.count("b/a"));
        assertEquals(0, glob.count());
        assertEquals(TREE.size(), Glob.of("**").count(TREE.toArray(String[]::new)));
    }

    @Test
    public void worksAsPredicate() {
        assertTrue(Glob.of("a*").and(Glob.of("*b")).test("ab"));
        assertFalse(Glob.of("a*").and(Glob.of("*b")).test("ac"));
        assertTrue(Glob.of("a*").negate().test("b"));
        assertEquals(3, TREE.stream().filter(Glob.of("src/**")).count());
    }

    @Test
    public void prefixes() {
        assertEquals("src/", Glob.of("src/*.java").prefix());
        assertEquals("", Glob.of("{a,b}").prefix());
        assertEquals("a.b", Glob.of("a.b").prefix());
        assertTrue(Glob.of("pom.xml").isLiteral());
        assertFalse(Glob.of("pom.*").isLiteral());
    }

    @Test
    public void escapes() {
        assertEquals("a\\*b", Glob.escape("a*b"));
        assertEquals("plain", Glob.escape("plain"));
        assertTrue(Glob.literal("[x]{y}*").matches("[x]{y}*"));
        assertThat(Glob.literal("a?"), hasToString("a\\?"));
    }

    @Test
    public void braceExpansion() {
        assertEquals(List.of("a.c", "a.h"), Glob.expand("a.{c,h}"));
        assertEquals(List.of("1x", "1y", "2x", "2y"), Glob.expand("{1,2}{x,y}"));
        assertEquals(List.of("re", "red"), Glob.expand("re{,d}"));
        assertThat(Glob.expand("{a,{b,c}}"), containsInAnyOrder("a", "b", "c"));
        assertEquals(1, Glob.expand("none").size());
    }

    @Test(expected = IllegalArgumentException.class)
    public void unclosedSetIsRejected() {
        Glob.of("[abc");
    }

    @Test(expected = IllegalArgumentException.class)
    public void unclosedBraceIsRejected() {
        Glob.of("{a,b");
    }
}
