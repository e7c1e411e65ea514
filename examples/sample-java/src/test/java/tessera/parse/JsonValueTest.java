package tessera.parse;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNotEquals;
import static org.junit.Assert.assertSame;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import org.junit.Test;

public class JsonValueTest {
    private static final String ORDER = """
            {
              "id": 17,
              "customer": {"name": "Ada", "vip": true},
              "lines": [
                {"item": "pen", "price": 1.25},
                {"item": "ink", "price": 7.5}
              ],
              "note": null
            }
            """;

    @Test
    public void parsesScalars() {
        assertEquals(42, JsonValue.parse("42").asInt());
        assertEquals(-7, JsonValue.parse(" -7 ").asInt());
        assertEquals(2.5, JsonValue.parse("2.5").asDouble(), 0.0);
        assertEquals(1200.0, JsonValue.parse("1.2e3").asDouble(), 1e-9);
        assertEquals("hi", JsonValue.parse("\"hi\"").asString());
        assertTrue(JsonValue.parse("true").asBoolean());
        assertFalse(JsonValue.parse("false").asBoolean());
    }

    @Test
    public void wordsAreShared() {
        assertSame(JsonValue.NULL, JsonValue.parse("null"));
        assertSame(JsonValue.TRUE, JsonValue.of(true));
        assertSame(JsonValue.FALSE, JsonValue.of(1 > 2));
    }

    @Test
    public void namesTheTypes() {
        assertEquals("null", JsonValue.NULL.typeName());
        assertEquals("boolean", JsonValue.of(false).typeName());
        assertEquals("number", JsonValue.of(3).typeName());
        assertEquals("array", JsonValue.array().typeName());
        assertEquals("object", JsonValue.parse("{}").typeName());
    }

    @Test
    public void readsEscapes() {
        assertEquals("a\tb", JsonValue.parse("\"a\\tb\"").asString());
        assertEquals("A", JsonValue.parse("\"\\u0041\"").asString());
        assertEquals('/', JsonValue.parse("\"\\/\"").asString().charAt(0));
    }

    @Test
    public void walksAnObject() {
        JsonValue order = JsonValue.parse(ORDER);
        assertEquals(List.of("id", "customer", "lines", "note"), order.names());
        assertEquals(17, order.get("id").asInt());
        assertEquals("Ada", order.get("customer").get("name").asString());
        assertTrue(order.get("customer").get("vip").asBoolean());
        assertTrue(order.get("note").isNull());
        assertTrue(order.get("missing").get("deeper").isNull());
    }

    @Test
    public void indexesAnArray() {
        JsonValue letters = JsonValue.parse("[\"a\", \"b\", \"c\"]");
        assertEquals(3, letters.size());
        assertEquals("b", letters.at(1).asString());
        assertEquals("c", letters.at(-1).asString());
        assertSame(JsonValue.NULL, letters.at(3));
        assertSame(JsonValue.NULL, letters.at(-4));
    }

    @Test
    public void followsPointers() {
        JsonValue order = JsonValue.parse(ORDER);
        assertSame(order, order.find(""));
        assertEquals(JsonValue.of("ink"), order.find("/lines/1/item"));
        assertEquals(1.25, order.find("/lines/0/price").asDouble(), 1e-12);
        assertEquals(2, order.find("/lines").size());
        assertTrue(order.find("/lines/2/item").isNull());
    }

    @Test
    public void equalNumbersAreEqualValues() {
        JsonValue hundred = JsonValue.of(100);
        assertEquals(hundred, JsonValue.parse("1e2"));
        assertEquals(hundred, JsonValue.of(new BigDecimal("100.00")));
        assertEquals(hundred.hashCode(), JsonValue.parse("100.0").hashCode());
        assertNotEquals(hundred, JsonValue.of("100"));
    }

    @Test
    public void writesCompactText() {
        JsonValue pair = JsonValue.array(JsonValue.of(1), JsonValue.of("x"));
        assertEquals("[1,\"x\"]", pair.toString());
        assertEquals("{\"pair\":[1,\"x\"]}", JsonValue.object(Map.of("pair", pair)).toString());
        assertEquals("\"tab\\t\"", JsonValue.of("tab\t").toString());
        assertEquals("[null,[]]", JsonValue.array(JsonValue.NULL, JsonValue.array()).toString());
    }

    @Test
    public void rejectsBadText() {
        for (String bad : new String[] {"", "01", "[1,]", "{\"a\"}", "\"open", "nul", "1 2", "\"\\x\""}) {
            assertThrows(bad, IllegalArgumentException.class, () -> JsonValue.parse(bad));
        }
        String deep = "[".repeat(1000);
        assertThrows("too deep", IllegalArgumentException.class, () -> JsonValue.parse(deep));
    }

    @Test
    public void rejectsTheWrongType() {
        JsonValue text = JsonValue.of("7");
        assertThrows(IllegalStateException.class, text::asInt);
        assertThrows(IllegalStateException.class, text::asBoolean);
        assertThrows(ArithmeticException.class, JsonValue.parse("0.5")::asInt);
    }
}
