package tessera.text;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.aMapWithSize;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.anEmptyMap;
import static org.hamcrest.Matchers.arrayContaining;
import static org.hamcrest.Matchers.arrayWithSize;
import static org.hamcrest.Matchers.emptyArray;
import static org.hamcrest.Matchers.emptyString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.hasEntry;
import static org.hamcrest.Matchers.hasKey;
import static org.hamcrest.Matchers.hasLength;
import static org.hamcrest.Matchers.nullValue;
import static org.hamcrest.Matchers.oneOf;
import static org.hamcrest.Matchers.startsWith;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNotEquals;
import static org.junit.Assert.assertNotNull;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import java.util.List;
import java.util.Map;
import org.junit.Test;

public class SoundexTest {
    private final Soundex soundex = Soundex.STANDARD;
    private final List<String> family = List.of("Smith", "Jones", "Smyth", "Johns");

    @Test
    public void encode_usualNames() {
        assertEquals("R163", soundex.encode("Robert"));
        assertEquals(soundex.encode("Robert"), soundex.encode("Rupert"));
        assertEquals("W252", soundex.encode("Washington"));
    }

    @Test
    public void encode_padsWithZeros() {
        assertThat(soundex.encode("Lee"), equalTo("L000"));
        assertThat(soundex.encode("Kutta"), equalTo("K300"));
        assertThat(soundex.encode("A"), allOf(startsWith("A"), hasLength(4)));
    }

    @Test
    public void encode_joinsNeighboursOfOneCode() {
        String reason = "neighbours with one digit";
        assertEquals(reason, "P236", soundex.encode("Pfister"));
        assertEquals(reason, "J250", soundex.encode("Jackson"));
        assertEquals(reason, "A261", soundex.encode("Ashcraft"));
        assertEquals("vowels keep them apart", "T522", soundex.encode("Tymczak"));
    }

    @Test
    public void encode_ignoresCaseAndOtherCharacters() {
        assertEquals(soundex.encode("OHara"), soundex.encode("O'Hara"));
        assertEquals(soundex.encode("VAN DYKE"), soundex.encode("vandyke"));
        assertNotEquals(soundex.encode("Gauss"), soundex.encode("Kauss"));
    }

    @Test
    public void encode_withoutLetters() {
        assertThat(soundex.encode(""), emptyString());
        assertThat(soundex.encode("42!"), emptyString());
        assertNotNull(soundex.encode(" "));
    }

    @Test
    public void encode_otherLengths() {
        assertEquals("R16", new Soundex(3).encode("Robert"));
        assertEquals("W25235", new Soundex(6).encode("Washington"));
        assertEquals("L0", new Soundex(2).encode("Lee"));
        assertEquals(8, new Soundex(8).encode("Schwarzenegger").length());
    }

    @Test
    public void constructor_checksLength() {
        assertThrows(IllegalArgumentException.class, () -> new Soundex(1));
        assertThrows(IllegalArgumentException.class, () -> new Soundex(-4));
        assertEquals(5, new Soundex(5).length());
    }

    @Test
    public void encodeWords_skipsWordsWithoutLetters() {
        assertThat(soundex.encodeWords("Ada Lovelace"), arrayContaining("A300", "L142"));
        assertThat(soundex.encodeWords("Robert 2 Rupert"), arrayContaining("R163", "R163"));
        assertThat(soundex.encodeWords("a b c d"), arrayWithSize(4));
        assertThat(soundex.encodeWords("1 2"), emptyArray());
    }

    @Test
    public void alike_sameCode() {
        assertTrue("Smith/Smyth", soundex.alike("Smith", "Smyth"));
        assertTrue("Meyer/Mayr", soundex.alike("Meyer", "Mayr"));
        assertFalse("Smith/Jones", soundex.alike("Smith", "Jones"));
        assertFalse("no letters", soundex.alike("", ""));
    }

    @Test
    public void alike_longerCodesTellMoreApart() {
        String a = "Robertson";
        String b = "Robertsham";
        assertTrue(new Soundex(5).alike(a, b));
        assertTrue(soundex.alike(a, b) && soundex.alike(b, a));
        assertFalse(new Soundex(6).alike("Washington", "Washingham"));
    }

    @Test
    public void agreement_countsPlaces() {
        assertEquals(4, soundex.agreement("Robert", "Rupert"));
        assertEquals(3, soundex.agreement("Lee", "Le Mo"));
        assertThat(soundex.agreement("Smith", "Smothers"), greaterThan(2));
        assertThat(soundex.agreement("", "Smith"), equalTo(0));
    }

    @Test
    public void group_byCode() {
        Map<String, List<String>> groups = soundex.group(family);
        assertThat(groups, aMapWithSize(2));
        assertThat(groups, hasEntry("S530", List.of("Smith", "Smyth")));
        assertThat(groups, hasKey(soundex.encode("Jones")));
        assertThat(soundex.group(List.of()), anEmptyMap());
    }

    @Test
    public void find_firstOfSeveral() {
        assertEquals("Smith", soundex.find("Smithe", family));
        assertEquals("Jones", soundex.find("Jonas", family));
        assertThat(soundex.find("Schmidt", family), oneOf("Smith", "Smyth"));
        assertThat(soundex.find("Brown", family), nullValue());
    }

    @Test
    public void isCode_checksForm() {
        assertTrue(soundex.isCode("R163"));
        assertTrue(soundex.isCode("L000"));
        assertFalse(soundex.isCode("r163"));
        assertFalse(soundex.isCode("R1634"));
        assertFalse(soundex.isCode("R107"));
        assertTrue(soundex.isCode(soundex.encode("Anything")));
    }

    @Test
    public void digit_ofLetters() {
        assertEquals(1, Soundex.digit('b'));
        assertEquals(Soundex.digit('M'), Soundex.digit('n'));
        assertEquals(6, Soundex.digit('R'));
        assertThrows("digits are not letters", IllegalArgumentException.class, () -> Soundex.digit('1'));
    }
}
