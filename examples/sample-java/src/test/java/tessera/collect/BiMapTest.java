package tessera.collect;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNotEquals;
import static org.junit.Assert.assertNotSame;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertSame;
import static org.junit.Assert.assertTrue;
import static org.junit.Assert.fail;

import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;
import org.junit.Before;
import org.junit.Test;

public class BiMapTest {
    private BiMap<String, Integer> ports;

    @Before
    public void setUp() {
        ports = new BiMap<>();
        ports.put("http", 80);
        ports.put("https", 443);
        ports.put("ssh", 22);
    }

    @Test
    public void readsInBothDirections() {
        assertEquals(Integer.valueOf(80), ports.get("http"));
        assertEquals(Integer.valueOf(22), ports.get("ssh"));
        assertEquals("https", ports.keyOf(443));
        assertEquals("ssh", ports.keyOf(22));
    }

    @Test
    public void absentEntriesAreNull() {
        assertNull(ports.get("gopher"));
        assertNull(ports.keyOf(70));
        assertNull(new BiMap<String, String>().get("key"));
    }

    @Test
    public void putReturnsTheFormerValue() {
        assertNull(ports.put("ftp", 21));
        assertEquals(21, (int) ports.put("ftp", 2121));
        assertEquals(2121, (int) ports.get("ftp"));
        assertNull(ports.keyOf(21));
    }

    @Test
    public void puttingTheSamePairTwiceChangesNothing() {
        assertEquals((Integer) 80, ports.put("http", 80));
        assertEquals("http", ports.keyOf(80));
        assertEquals(3, ports.size());
    }

    @Test
    public void putRefusesAValueOfAnotherKey() {
        try {
            ports.put("web", 80);
            fail("value 80 belongs to http");
        } catch (IllegalArgumentException expected) {
            assertEquals("value 80 is already bound to http", expected.getMessage());
        }
        assertFalse(ports.containsKey("web"));
        assertTrue(ports.containsKey("http"));
    }

    @Test
    public void forcePutEvictsTheOldOwner() {
        assertNull(ports.forcePut("web", 80));
        assertNull(ports.get("http"));
        assertEquals("web", ports.keyOf(80));
        assertEquals(443, ports.forcePut("https", 22).intValue());
        assertEquals(Map.of("web", 80, "https", 22).keySet(), ports.keys());
    }

    @Test
    public void removeClearsBothDirections() {
        assertEquals(443, ports.remove("https").intValue());
        assertFalse(ports.containsValue(443));
        assertNull(ports.remove("https"));
        assertEquals(2, ports.size());
    }

    @Test
    public void inverseIsALiveView() {
        BiMap<Integer, String> names = ports.inverse();
        assertEquals("http", names.get(80));
        names.put(25, "smtp");
        assertEquals(25, ports.get("smtp").intValue());
        ports.remove("ssh");
        assertFalse(names.containsKey(22));
    }

    @Test
    public void inverseOfTheInverseIsTheMapItself() {
        assertSame(ports, ports.inverse().inverse());
        assertSame(ports.inverse(), ports.inverse());
        assertNotSame(ports.inverse(), BiMap.copyOf(Map.of(80, "http")));
    }

    @Test
    public void requireFailsForUnknownKeys() {
        assertEquals(22, ports.require("ssh").intValue());
        try {
            ports.require("pop3");
            fail();
        } catch (NoSuchElementException expected) {
            assertTrue(expected.getMessage().endsWith("pop3"));
        }
    }

    @Test
    public void nullsAreRefused() {
        try {
            ports.put(null, 1);
            fail("null key");
        } catch (NullPointerException expected) {
            assertEquals("key", expected.getMessage());
        }
        try {
            ports.forcePut("echo", null);
            fail("null value");
        } catch (NullPointerException expected) {
            assertEquals("value", expected.getMessage());
        }
    }

    @Test
    public void viewsShowKeysAndValues() {
        assertEquals(Set.of("http", "https", "ssh"), ports.keys());
        assertEquals(Set.of(80, 443, 22), ports.values());
        assertArrayEquals(new Object[] {"http", "https", "ssh"}, ports.keys().toArray());
        assertTrue(ports.values().contains(443));
    }

    @Test
    public void equalityLooksAtTheEntries() {
        assertEquals(BiMap.copyOf(Map.of("ssh", 22, "http", 80, "https", 443)), ports);
        assertNotEquals(BiMap.copyOf(Map.of("ssh", 22)), ports);
        assertEquals(Map.of("a", 1).hashCode(), BiMap.copyOf(Map.of("a", 1)).hashCode());
    }

    @Test
    public void textShowsPairs() {
        assertEquals("{http <-> 80, https <-> 443, ssh <-> 22}", ports.toString());
        ports.remove("https");
        assertEquals("{80 <-> http, 22 <-> ssh}", ports.inverse().toString());
    }
}
