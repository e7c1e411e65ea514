package tessera.parse;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNotNull;
import static org.junit.Assert.assertNotSame;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertSame;
import static org.junit.Assert.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import org.junit.Test;

public class QueryStringTest {
    private final QueryString search = QueryString.parse("q=red+shoes&size=42&tag=new&tag=sale&debug");

    @Test
    public void getReturnsTheFirstValue() {
        assertEquals("plus sign is a space", "red shoes", search.get("q"));
        assertEquals("first of two", "new", search.get("tag"));
        assertEquals("no equals sign", "", search.get("debug"));
        assertNull("names respect case", search.get("Q"));
        assertNull("missing", search.get("page"));
    }

    @Test
    public void getWithFallback() {
        String page = search.get("page", "1");
        String size = search.get("size", "38");
        assertEquals("1", page);
        assertEquals("42", size);
        assertNotNull(search.get("debug", null));
    }

    @Test
    public void getIntParsesNumbers() {
        assertEquals("a number", 42, search.getInt("size", 0));
        assertEquals("no number", 5, search.getInt("q", 5));
        assertEquals("missing", -1, search.getInt("page", -1));
    }

    @Test
    public void allKeepsTheOrder() {
        assertEquals(Arrays.asList("new", "sale"), search.all("tag"));
        assertEquals(Collections.singletonList("42"), search.all("size"));
        assertEquals(Collections.emptyList(), search.all("page"));
    }

    @Test
    public void hasAndNames() {
        assertTrue("has tag", search.has("tag"));
        assertTrue("has a name without a value", search.has("debug"));
        assertFalse("has no page", search.has("page"));
        assertEquals(Arrays.asList("q", "size", "tag", "debug"), new ArrayList<>(search.names()));
        assertEquals("parameters", 5, search.size());
    }

    @Test
    public void parseSkipsEmptyParts() {
        assertEquals("one parameter", 1, QueryString.parse("&&a=1&").size());
        assertEquals("equals sign in a value", "b=c", QueryString.parse("a=b=c").get("a"));
        assertEquals("empty name", "x", QueryString.parse("=x").get(""));
        assertSame("nothing", QueryString.EMPTY, QueryString.parse(""));
        assertSame("only the mark", QueryString.EMPTY, QueryString.parse("?"));
    }

    @Test
    public void ofUrlFindsTheQuery() {
        assertEquals("7", QueryString.ofUrl("http://host/path?id=7#top").get("id"));
        assertEquals("a?b", QueryString.ofUrl("/p?x=a?b").get("x"));
        assertTrue("no query", QueryString.ofUrl("http://host/path").isEmpty());
        assertTrue("mark in the fragment", QueryString.ofUrl("/path#x?y=1").isEmpty());
    }

    @Test
    public void encodeReservedCharacters() {
        assertEquals("a+b", QueryString.encode("a b"));
        assertEquals("50%25", QueryString.encode("50%"));
        assertEquals("x%26y%3Dz", QueryString.encode("x&y=z"));
    }

    @Test
    public void decodeIsTheInverse() {
        for (String text : new String[] {"", "plain", "a b+c", "100% & more", "\u00e4\u20ac"}) {
            assertEquals(text, QueryString.decode(QueryString.encode(text)));
        }
        assertEquals("A B", QueryString.decode("%41%20B"));
    }

    @Test
    public void addAppends() {
        QueryString one = QueryString.EMPTY.add("n", 1);
        assertEquals("n=1", one.toString());
        assertEquals("n=1&n=2", one.add("n", 2).toString());
        assertEquals("n=1&on=true", one.add("on", true).toString());
        assertEquals("unchanged", "n=1", one.toString());
    }

    @Test
    public void setReplacesAllValues() {
        QueryString changed = search.set("tag", "old");
        assertEquals(Collections.singletonList("old"), changed.all("tag"));
        assertEquals("one tag less", search.size() - 1, changed.size());
        assertEquals("q=1", QueryString.parse("q=0").set("q", 1).toString());
    }

    @Test
    public void removeTakesAllValues() {
        assertEquals("q=red+shoes&size=42&debug=", search.remove("tag").toString());
        assertEquals(3, search.remove("tag").size());
        assertSame("nothing to remove", search, search.remove("page"));
        assertNotSame(search, search.remove("q"));
    }

    @Test
    public void sortedIsStable() {
        QueryString mixed = QueryString.parse("b=2&a=9&b=1");
        assertEquals("a=9&b=2&b=1", mixed.sorted().toString());
        assertEquals(QueryString.parse("?a=9&b=2&b=1"), mixed.sorted());
        assertEquals(mixed.sorted().hashCode(), mixed.sorted().sorted().hashCode());
    }

    @Test
    public void appendToReplacesTheQuery() {
        QueryString page = QueryString.parse("page=2");
        assertEquals("/list?page=2", page.appendTo("/list"));
        assertEquals("/list?page=2#end", page.appendTo("/list?page=1&x=y#end"));
        assertEquals("/list", QueryString.EMPTY.appendTo("/list?page=1"));
    }
}
