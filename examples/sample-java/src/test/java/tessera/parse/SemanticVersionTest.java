package tessera.parse;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.comparesEqualTo;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.lessThan;
import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNotEquals;
import static org.junit.Assert.assertNotNull;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertSame;
import static org.junit.Assert.assertTrue;
import static org.junit.Assert.fail;

import java.util.List;
import org.junit.Test;

public class SemanticVersionTest {
    private static SemanticVersion v(String text) {
        return SemanticVersion.parse(text);
    }

    @Test
    public void parseReadsEveryPart() {
        SemanticVersion version = v("1.22.333-rc.1+linux.7");
        assertEquals(1, version.major());
        assertEquals(22, version.minor());
        assertEquals(333, version.patch());
        assertEquals("rc.1", version.preRelease());
        assertEquals("linux.7", version.build());
    }

    @Test
    public void parseFillsMissingLabels() {
        assertEquals(new SemanticVersion(2, 0, 5, "", ""), v("2.0.5"));
        assertEquals(new SemanticVersion(2, 0, 5, null, "b1"), v("v2.0.5+b1"));
        assertEquals(SemanticVersion.of(0, 1, 0), v("0.1.0"));
    }

    @Test
    public void parseRejectsOtherTexts() {
        for (String text : List.of("1.2", "1.2.3.4", "01.2.3", "1.2.3-", "x.y.z", "")) {
            try {
                SemanticVersion.parse(text);
                fail("should not parse: " + text);
            } catch (IllegalArgumentException expected) {
                assertTrue(expected.getMessage().endsWith(text));
            }
        }
    }

    @Test
    public void tryParseReturnsNull() {
        assertNull(SemanticVersion.tryParse("1.2"));
        assertNull(SemanticVersion.tryParse("latest"));
        assertNotNull(SemanticVersion.tryParse("1.2.0"));
    }

    @Test
    public void toStringIsTheCanonicalForm() {
        assertEquals("3.1.4", v("v3.1.4").toString());
        assertEquals("3.1.4-beta+x", v("3.1.4-beta+x").toString());
        assertEquals("1.0.0", SemanticVersion.of(1, 0, 0).toString());
    }

    @Test
    public void nextVersions() {
        assertEquals(v("2.0.0"), v("1.4.9").nextMajor());
        assertEquals(v("1.5.0"), v("1.4.9").nextMinor());
        assertEquals(v("1.4.10"), v("1.4.9").nextPatch());
        assertEquals(v("1.5.0"), v("1.5.0-alpha").nextPatch());
    }

    @Test
    public void releaseDropsTheLabels() {
        SemanticVersion plain = v("4.2.0");
        assertSame(plain, plain.release());
        assertEquals(plain, v("4.2.0-rc.2+abc").release());
        assertEquals("", v("4.2.0-rc.2").release().preRelease());
    }

    @Test
    public void withLabels() {
        assertEquals(v("1.0.0-rc.1"), v("1.0.0").withPreRelease("rc.1"));
        assertEquals(v("1.0.0-rc.1+9"), v("1.0.0-rc.1").withBuild("9"));
        assertEquals("1.0.0+9", v("1.0.0-rc.1+9").withPreRelease("").toString());
    }

    @Test
    public void stability() {
        assertTrue(v("1.0.0").isStable());
        assertFalse(v("0.9.0").isStable());
        assertFalse(v("2.0.0-alpha").isStable());
        assertTrue(v("2.0.0-alpha").isPreRelease());
        assertFalse(v("2.0.0+alpha").isPreRelease());
    }

    @Test
    public void ordering() {
        assertThat(v("1.10.0"), greaterThan(v("1.9.9")));
        assertThat(v("1.0.0-alpha"), lessThan(v("1.0.0")));
        assertThat(v("1.0.0-alpha"), lessThan(v("1.0.0-alpha.1")));
        assertThat(v("1.0.0-alpha.9"), lessThan(v("1.0.0-alpha.10")));
        assertThat(v("1.0.0-beta"), greaterThan(v("1.0.0-99")));
        assertThat(v("1.0.0+a"), comparesEqualTo(v("1.0.0+b")));
    }

    @Test
    public void compareToReturnsTheSign() {
        assertEquals(0, v("1.2.3").compareTo(v("1.2.3")));
        assertEquals(1, v("1.2.4").compareTo(v("1.2.3")));
        assertEquals(-1, v("1.2.3-rc").compareTo(v("1.2.3")));
        assertNotEquals(v("1.2.3+a"), v("1.2.3+b"));
    }

    @Test
    public void isNewerThan() {
        SemanticVersion installed = v("5.1.0");
        assertTrue(v("5.1.1").isNewerThan(installed));
        assertFalse(v("5.1.0-rc.9").isNewerThan(installed));
        assertFalse(installed.isNewerThan(installed));
    }

    @Test
    public void compatibility() {
        assertTrue(v("1.9.0").isCompatibleWith(v("1.2.3")));
        assertTrue(v("0.3.5").isCompatibleWith(v("0.3.1")));
        assertFalse(v("0.4.0").isCompatibleWith(v("0.3.1")));
        assertFalse(v("2.0.0").isCompatibleWith(v("1.2.3")));
        assertFalse(v("1.2.2").isCompatibleWith(v("1.2.3")));
    }

    @Test
    public void differenceNamesThePart() {
        SemanticVersion base = v("1.2.3");
        assertEquals("major", base.difference(v("2.2.3")));
        assertEquals("minor", base.difference(v("1.0.3")));
        assertEquals("patch", base.difference(v("1.2.4-rc")));
        assertEquals("none", base.difference(v("1.2.3+other")));
    }

    @Test
    public void latestAndNumbers() {
        assertEquals(v("1.10.0"), SemanticVersion.latest(List.of(v("1.9.0"), v("1.10.0"), v("1.10.0-rc"))));
        assertNull(SemanticVersion.latest(List.of()));
        assertArrayEquals(new int[] {6, 0, 1}, v("6.0.1-x").numbers());
        assertArrayEquals(new int[] {0, 0, 0}, SemanticVersion.of(0, 0, 0).numbers());
    }
}
