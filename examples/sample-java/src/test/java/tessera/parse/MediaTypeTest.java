package tessera.parse;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.aMapWithSize;
import static org.hamcrest.Matchers.closeTo;
import static org.hamcrest.Matchers.hasEntry;
import static org.hamcrest.Matchers.hasKey;
import static org.hamcrest.Matchers.not;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNotEquals;
import static org.junit.Assert.assertNotSame;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertSame;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.Test;

public class MediaTypeTest {
    private static final MediaType HTML = MediaType.of("text", "html");
    private static final MediaType JSON = MediaType.of("application", "json");
    private static final MediaType PNG = MediaType.of("image", "png");
    private static final List<MediaType> OFFERED = Arrays.asList(HTML, JSON, PNG);

    @Test
    public void parsesNames() {
        MediaType svg = MediaType.parse("Image/SVG+xml");
        assertEquals("image", svg.type());
        assertEquals("svg+xml", svg.subtype());
        assertEquals("xml", svg.suffix());
        assertEquals("image/svg+xml", svg.essence());
    }

    @Test
    public void parsesParameters() {
        MediaType form = MediaType.parse("multipart/form-data; Boundary=xYz; charset=\"utf-8\"");
        assertThat(form.parameters(), hasEntry("boundary", "xYz"));
        assertThat(form.parameters(), hasEntry("charset", "utf-8"));
        assertThat(form.parameters(), aMapWithSize(2));
        assertThat(form.parameters(), not(hasKey("Boundary")));
        assertEquals("xYz", form.parameter("BOUNDARY"));
    }

    @Test
    public void parsesQuotedStrings() {
        assertEquals("a;b", MediaType.parse("x/y; p=\"a;b\"").parameter("p"));
        assertEquals("say \"hi\"", MediaType.parse("x/y;p=\"say \\\"hi\\\"\"").parameter("p"));
        assertEquals("", MediaType.parse("x/y;p=\"\"").parameter("p"));
        assertNull(MediaType.parse("x/y;p=1").parameter("q"));
        assertNull(MediaType.parse("x/y;").parameter("p"));
    }

    @Test
    public void rejectsOtherText() {
        for (String text : List.of("", "text", "/html", "text/", "text/html html", "a/b;c", "a/b;c=\"d")) {
            Throwable error = assertThrows(IllegalArgumentException.class, () -> MediaType.parse(text));
            assertTrue(text, error.getMessage().endsWith(": " + text));
        }
        assertThrows(NullPointerException.class, () -> MediaType.of(null, "plain"));
    }

    @Test
    public void caseOfNamesDoesNotMatter() {
        assertEquals(HTML, MediaType.parse("TEXT/Html"));
        assertEquals(HTML.hashCode(), MediaType.parse(" text/HTML ").hashCode());
        assertNotEquals(HTML, MediaType.parse("text/html; level=1"));
    }

    @Test
    public void charsets() {
        MediaType latin = MediaType.parse("text/plain; charset=ISO-8859-1");
        assertEquals(StandardCharsets.ISO_8859_1, latin.charset(StandardCharsets.UTF_8));
        assertEquals(StandardCharsets.UTF_8, HTML.charset(StandardCharsets.UTF_8));
        assertEquals(StandardCharsets.US_ASCII, HTML.with("charset", "ascii").charset(null));
        assertNull(JSON.charset(null));
    }

    @Test
    public void qualities() {
        assertEquals(0.8, MediaType.parse("text/*;q=0.8").quality(), 1e-9);
        assertEquals(1.0, MediaType.parse("text/html").quality(), 1e-9);
        assertThat(PNG.with("q", "0.25").quality(), closeTo(0.25, 1e-12));
        assertThat(PNG.quality(), closeTo(1, 0));
    }

    @Test
    public void wildcards() {
        assertTrue(MediaType.ANY.isWildcard());
        assertTrue(MediaType.of("video", "*").isWildcard());
        assertFalse(MediaType.of("video", "mp4").isWildcard());
        assertFalse(PNG.isWildcard());
    }

    @Test
    public void textKinds() {
        assertTrue(HTML.isText());
        assertTrue(JSON.isText());
        assertTrue(MediaType.parse("application/ld+json").isText());
        assertTrue(MediaType.parse("image/svg+xml; v=1").isText());
        assertFalse(MediaType.parse("application/zip").isText());
        assertFalse(PNG.isText());
    }

    @Test
    public void inclusion() {
        MediaType anyText = MediaType.of("text", "*");
        assertTrue(anyText.includes(HTML));
        assertFalse(anyText.includes(JSON));
        assertFalse("not the other way round", HTML.includes(anyText));
        assertTrue("parameters do not count", HTML.includes(HTML.with("level", "2")));
        assertEquals(3, OFFERED.stream().filter(MediaType.ANY::includes).count());
    }

    @Test
    public void negotiation() {
        assertSame(JSON, MediaType.negotiate("application/json", OFFERED));
        assertSame(PNG, MediaType.negotiate("text/html;q=0.5, image/*", OFFERED));
        assertSame(HTML, MediaType.negotiate("*/*", OFFERED));
        assertNull("nothing fits", MediaType.negotiate("audio/ogg", OFFERED));
        assertNull("refused", MediaType.negotiate("text/html;q=0", List.of(HTML)));
    }

    @Test
    public void copies() {
        MediaType utf = HTML.with("Charset", "utf-8");
        assertEquals(new MediaType("text", "html", Map.of("charset", "utf-8")), utf);
        assertEquals(Map.of("charset", "ascii"), utf.with("charset", "ascii").parameters());
        assertNotSame(HTML, utf.bare());
        assertEquals(HTML, utf.bare());
        assertSame(HTML, HTML.bare());
    }

    @Test
    public void suffixes() {
        assertEquals("json", MediaType.of("application", "problem+json").suffix());
        assertEquals("zip", MediaType.of("application", "epub+zip").suffix());
        assertNull(JSON.suffix());
    }

    @Test
    public void text() {
        MediaType plain = MediaType.of("text", "plain");
        assertEquals("text/plain", plain.toString());
        assertEquals("text/plain; a=1; b=2", plain.with("b", "2").with("a", "1").toString());
        assertEquals("text/plain; name=\"my file\"", plain.with("name", "my file").toString());
        assertEquals(plain.with("q", "\\\""), MediaType.parse(plain.with("q", "\\\"").toString()));
    }
}
