package tessera.text;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNotNull;
import static org.junit.Assert.assertNotSame;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertSame;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;
import static org.junit.Assert.fail;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;
import org.junit.Before;
import org.junit.Test;

public class StringTemplateTest {
    private StringTemplate greeting;
    private StringTemplate address;

    @Before
    public void setUp() {
        greeting = StringTemplate.parse("Dear ${title:friend} ${name}, welcome!");
        address = StringTemplate.parse("${host:localhost}:${port}");
    }

    @Test
    public void rendersValues() {
        assertEquals("localhost:80", address.render(Map.of("port", 80)));
        assertEquals("tessera:443", address.render(Map.of("host", "tessera", "port", 443)));
        assertEquals("Dear friend Ada, welcome!", greeting.render(Map.of("name", "Ada")));
    }

    @Test
    public void rendersConstantText() {
        assertEquals("plain", StringTemplate.parse("plain").render(Map.of()));
        assertEquals("", StringTemplate.parse("").render(Map.of()));
        assertEquals("costs $5", StringTemplate.parse("costs $$5").render(Map.of()));
        assertEquals("${x}", StringTemplate.parse("$${x}").render(Map.of()));
    }

    @Test
    public void rendersAPlaceTwice() {
        StringTemplate echo = StringTemplate.parse("${w} ${w}, ${w}?");
        assertEquals("no no, no?", echo.render(Map.of("w", "no")));
        assertEquals("1 1, 1?", echo.render(Map.of("w", 1)));
        assertEquals(1, echo.names().size());
    }

    @Test
    public void valuesAreNotParsedAgain() {
        String rendered = address.renderAll("${port}", "$$");
        assertEquals("${port}" + ":$$", rendered);
    }

    @Test
    public void renderFailsWithoutValue() {
        try {
            address.render(Map.of("host", "example"));
            fail("port has no value");
        } catch (NoSuchElementException e) {
            assertEquals("no value for port", e.getMessage());
        }
        try {
            greeting.render(Map.of());
            fail();
        } catch (NoSuchElementException e) {
            assertTrue(e.getMessage().endsWith("name"));
        }
    }

    @Test
    public void rendersAllInOrder() {
        assertEquals("Dear Dr. Who, welcome!", greeting.renderAll("Dr.", "Who"));
        assertEquals("h:1", address.renderAll("h", 1));
        assertEquals("a-b-a", StringTemplate.parse("${x}-${y}-${x}").renderAll('a', 'b'));
        assertThrows(IllegalArgumentException.class, () -> address.renderAll("h", 1, 2));
        assertThrows(NoSuchElementException.class, () -> address.renderAll("h"));
    }

    @Test
    public void namesInOrderOfUse() {
        assertEquals(List.of("title", "name"), new ArrayList<>(greeting.names()));
        assertEquals(Set.of("host", "port"), address.names());
        assertTrue(StringTemplate.parse("none").names().isEmpty());
    }

    @Test
    public void namesAreStripped() {
        StringTemplate spaced = StringTemplate.parse("${ a }${b :c}");
        assertEquals(Set.of("a", "b"), spaced.names());
        assertTrue(spaced.names().contains("b"));
        assertFalse(spaced.names().contains(" a "));
    }

    @Test
    public void constantTemplates() {
        assertTrue(StringTemplate.parse("$$").isConstant());
        assertFalse(StringTemplate.parse("${a}").isConstant());
        assertFalse(greeting.isConstant());
        assertTrue(greeting.bind("name", "X").bind("title", "Y").isConstant());
    }

    @Test
    public void fallbacks() {
        assertEquals("localhost", address.fallback("host"));
        assertEquals("friend", greeting.fallback("title"));
        assertNull(address.fallback("port"));
        assertNull(address.fallback("unknown"));
        assertNotNull(StringTemplate.parse("${a:}").fallback("a"));
    }

    @Test
    public void fallbackServesLaterPlaces() {
        StringTemplate twice = StringTemplate.parse("${n:1}+${n}");
        assertEquals("1+1", twice.render(Map.of()));
        assertEquals("2+2", twice.render(Map.of("n", 2)));
    }

    @Test
    public void missingNames() {
        assertEquals(Set.of("port"), address.missing(Map.of()));
        assertEquals(Set.of(), address.missing(Map.of("port", 1)));
        assertEquals(Set.of("name"), greeting.missing(Map.of("title", "Sir")));
        assertFalse(greeting.missing(Map.of()).contains("title"));
    }

    @Test
    public void bindLeavesTheRest() {
        StringTemplate bound = address.bind("host", "db");
        assertEquals("db:${port}", bound.toString());
        assertEquals("db:5432", bound.renderAll(5432));
        assertNotSame(address, bound);
        assertSame(address, address.bind("user", "root"));
        assertEquals(2, address.names().size());
    }

    @Test
    public void sourceIsRestored() {
        String source = "a$$b${c}${d:e}";
        assertEquals(source, StringTemplate.parse(source).toString());
        assertEquals("${host:localhost}:${port}", address.toString());
        assertEquals("$$1", address.bind("port", "$1").bind("host", "").toString().substring(1));
    }

    @Test
    public void quoteDoublesDollars() {
        String price = "$9 or ${x}";
        assertEquals("$$9 or $${x}", StringTemplate.quote(price));
        assertEquals(price, StringTemplate.parse(StringTemplate.quote(price)).render(Map.of()));
        assertSame("free", StringTemplate.quote("free"));
    }

    @Test
    public void badSourcesAreRejected() {
        assertThrows(IllegalArgumentException.class, () -> StringTemplate.parse("5$"));
        assertThrows(IllegalArgumentException.class, () -> StringTemplate.parse("${open"));
        Exception e = assertThrows(IllegalArgumentException.class, () -> StringTemplate.parse("${ }"));
        assertEquals("place without a name", e.getMessage());
    }
}
