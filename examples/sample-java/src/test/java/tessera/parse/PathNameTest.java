package tessera.parse;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.emptyString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.hasToString;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.notNullValue;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertSame;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import org.junit.Test;

public class PathNameTest {
    private static PathName path(String text) {
        return PathName.parse(text);
    }

    @Test
    public void parse_splitsSegments() {
        assertThat(path("/usr/local/bin").segments(), contains("usr", "local", "bin"));
        assertThat(path("docs//guide/").segments(), contains("docs", "guide"));
        assertThat(path("/usr").absolute(), is(true));
        assertThat(path("usr").absolute(), is(false));
        assertSame(PathName.ROOT, path("//"));
    }

    @Test
    public void toString_isCanonical() {
        assertThat(path("/a//b/"), hasToString("/a/b"));
        assertThat(path(""), hasToString("."));
        assertThat(PathName.ROOT, hasToString("/"));
        assertThat(path("./x"), hasToString("./x"));
    }

    @Test
    public void name_isTheLastSegment() {
        assertThat(path("/etc/hosts").name(), is("hosts"));
        assertThat(path("a/b.txt").name(), is("b.txt"));
        assertThat(PathName.ROOT.name(), is(emptyString()));
    }

    @Test
    public void stemAndExtension() {
        PathName archive = path("/backup/site.tar.gz");
        assertThat(archive.stem(), is("site.tar"));
        assertThat(archive.extension(), is("gz"));
        assertNull(path("Makefile").extension());
        assertNull(path("/home/.profile").extension());
        assertThat(path("/home/.profile").stem(), equalTo(".profile"));
    }

    @Test
    public void isHidden() {
        assertTrue(path("/home/.profile").isHidden());
        assertFalse(path("/home/profile").isHidden());
        assertFalse("the parent directory", path("..").isHidden());
    }

    @Test
    public void parent() {
        assertEquals(path("/usr/local"), path("/usr/local/bin").parent());
        assertEquals(path(""), path("single").parent());
        assertThat(path("/top").parent(), notNullValue());
        assertNull(PathName.ROOT.parent());
    }

    @Test
    public void depth() {
        assertEquals(0, PathName.ROOT.depth());
        assertEquals(3, path("a/b/c").depth());
        assertEquals(path("/a/b").depth(), path("a/b/").depth());
    }

    @Test
    public void resolve() {
        PathName home = path("/home/ada");
        assertThat(home.resolve("notes/today.md"), is(path("/home/ada/notes/today.md")));
        assertThat(home.resolve(""), is(home));
        assertThat(home.resolve("/etc"), is(path("/etc")));
        assertThat(path("rel").resolve("x").absolute(), is(false));
    }

    @Test
    public void sibling() {
        assertEquals(path("/a/c"), path("/a/b").sibling("c"));
        assertEquals("other", path("only").sibling("other").toString());
        assertEquals(path("/x"), PathName.ROOT.sibling("x"));
    }

    @Test
    public void withExtension() {
        assertEquals(path("src/Main.class"), path("src/Main.java").withExtension("class"));
        assertEquals(path("src/Main"), path("src/Main.java").withExtension(""));
        assertEquals("README.txt", path("README").withExtension("txt").name());
    }

    @Test
    public void normalize() {
        assertThat(path("/a/./b/../c").normalize(), equalTo(path("/a/c")));
        assertThat(path("../a/..").normalize(), equalTo(path("..")));
        assertThat(path("/../..").normalize(), equalTo(PathName.ROOT));
        assertThat(path("a/../../b").normalize(), hasToString("../b"));
        assertThat(path("./.").normalize(), hasToString("."));
    }

    @Test
    public void startsWith() {
        PathName lib = path("/usr/lib/jvm");
        assertTrue(lib.startsWith(path("/usr")));
        assertTrue(lib.startsWith(lib));
        assertFalse("half a segment", lib.startsWith(path("/usr/li")));
        assertFalse("relative", lib.startsWith(path("usr/lib")));
    }

    @Test
    public void relativize() {
        PathName source = path("/project/src/main");
        PathName tests = path("/project/src/test");
        assertEquals(path("../test"), source.relativize(tests));
        assertEquals(path("java/App.java"), source.relativize(source.resolve("java/App.java")));
        assertEquals(".", source.relativize(source).toString());
        assertEquals(tests, source.resolve(source.relativize(tests).toString()).normalize());
        assertThrows(IllegalArgumentException.class, () -> source.relativize(path("lib")));
    }

    @Test
    public void commonAncestor() {
        assertEquals(path("/a/b"), path("/a/b/c").commonAncestor(path("/a/b/d/e")));
        assertEquals(PathName.ROOT, path("/x").commonAncestor(path("/y")));
        assertEquals(2, path("p/q").commonAncestor(path("p/q/r")).depth());
    }

    @Test
    public void matches() {
        PathName source = path("/src/Parser.java");
        assertTrue("star", source.matches("*.java"));
        assertTrue("question mark", source.matches("P?rser.java"));
        assertFalse("a dot is a dot", path("/src/Parserxjava").matches("*.java"));
        assertFalse("the whole name", source.matches("Parser"));
    }
}
