package tessera.text;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNotEquals;
import static org.junit.Assert.assertNotSame;
import static org.junit.Assert.assertSame;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;
import static org.junit.Assert.fail;

import java.util.List;
import org.junit.Test;

public class RomanNumeralTest {
    private static RomanNumeral roman(int value) {
        return RomanNumeral.of(value);
    }

    private static RomanNumeral roman(String text) {
        return RomanNumeral.parse(text);
    }

    @Test
    public void writesNumbers() {
        assertEquals("IV", roman(4).toString());
        assertEquals("XIX", roman(19).toString());
        assertEquals("MCMXCIV", roman(1994).toString());
        assertEquals("MMXXIV", String.valueOf(roman(2024)));
        assertEquals("Chapter VII", "Chapter " + roman(7));
    }

    @Test
    public void readsNumbers() {
        assertEquals(14, roman("XIV").value());
        assertEquals(444, roman("CDXLIV").value());
        assertEquals(1666, roman("mdclxvi").value());
        assertEquals(roman(90), roman("XC"));
    }

    @Test
    public void readsWhatItWrites() {
        for (int n = 1; n < 4000; n += 37) {
            assertEquals(n, roman(roman(n).toString()).value());
        }
    }

    @Test
    public void rejectsUnusualForms() {
        for (String bad : List.of("", "IIII", "VX", "IC", "IVI", "MMMM", "ABC")) {
            try {
                roman(bad);
                fail(bad + " was accepted");
            } catch (NumberFormatException e) {
                assertTrue(bad, e.getMessage().startsWith("not a Roman"));
            }
        }
    }

    @Test
    public void recognisesNumerals() {
        assertTrue(RomanNumeral.isRoman("XLII"));
        assertTrue(RomanNumeral.isRoman("xlii"));
        assertFalse(RomanNumeral.isRoman("XLIIII"));
        assertFalse(RomanNumeral.isRoman("42"));
    }

    @Test
    public void knowsItsBounds() {
        assertEquals("MMMCMXCIX", RomanNumeral.MAX.toString());
        assertEquals(roman(1), RomanNumeral.MIN);
        assertThrows(ArithmeticException.class, () -> roman(0));
        assertThrows(ArithmeticException.class, () -> roman(4000));
        assertThrows(ArithmeticException.class, () -> roman(-7));
    }

    @Test
    public void letterValues() {
        assertEquals(5, RomanNumeral.digit('V'));
        assertEquals(50, RomanNumeral.digit('l'));
        assertEquals(1000, RomanNumeral.digit('M'));
        assertThrows(NumberFormatException.class, () -> RomanNumeral.digit('Q'));
    }

    @Test
    public void adds() {
        assertEquals(roman("XII"), roman("VII").plus(roman("V")));
        assertEquals(roman("M"), roman("CMXCIX").plus(roman("I")));
        assertEquals(30, roman(10).plus(roman(20)).value());
        assertThrows(ArithmeticException.class, () -> RomanNumeral.MAX.plus(roman(1)));
    }

    @Test
    public void subtracts() {
        assertEquals(roman("II"), roman("VII").minus(roman("V")));
        assertEquals("XC", roman("C").minus(roman("X")).toString());
        assertThrows(ArithmeticException.class, () -> roman("V").minus(roman("V")));
        assertThrows(ArithmeticException.class, () -> roman("I").minus(roman("X")));
    }

    @Test
    public void multiplies() {
        assertEquals("XXI", roman(7).times(3).toString());
        assertEquals(roman("D"), roman("C").times(5));
        assertEquals(roman("L").plus(roman("L")), roman("L").times(2));
        assertThrows(ArithmeticException.class, () -> roman(2).times(Integer.MAX_VALUE));
    }

    @Test
    public void counts() {
        RomanNumeral n = roman("VIII");
        assertEquals("IX", n.next().toString());
        assertEquals("X", n.next().next().toString());
        assertEquals(n.value() + 1, n.next().value());
        assertThrows(ArithmeticException.class, RomanNumeral.MAX::next);
    }

    @Test
    public void ranges() {
        assertEquals("[III, IV, V]", RomanNumeral.range(3, 5).toString());
        assertEquals(List.of(roman(9)), RomanNumeral.range(9, 9));
        assertEquals(List.of(), RomanNumeral.range(5, 3));
        assertEquals(10, RomanNumeral.range(11, 20).size());
    }

    @Test
    public void greaterOfTwo() {
        RomanNumeral ten = roman("X");
        RomanNumeral six = roman("VI");
        assertSame(ten, ten.max(six));
        assertSame(ten, six.max(ten));
        assertNotSame(roman("X"), ten.max(six));
    }

    @Test
    public void additiveForms() {
        assertEquals("IIII", roman(4).additive());
        assertEquals("MDCCCCLXXXXVIIII", roman(1999).additive());
        assertEquals("CCCCXXXX", roman("CDXL").additive());
        assertEquals(roman(8).toString(), roman(8).additive());
    }

    @Test
    public void lengthsAndSmallLetters() {
        assertEquals(15, roman(3888).length());
        assertEquals(1, roman("M").length());
        assertEquals("xiv", roman(14).toLowerCase());
        assertNotEquals("XIV", roman(14).toLowerCase());
    }

    @Test
    public void orderAndEquality() {
        assertTrue(roman("IX").compareTo(roman("V")) > 0);
        assertTrue(roman("IV").compareTo(roman("V")) < 0);
        assertEquals(0, roman("ii").compareTo(roman(2)));
        assertEquals(roman("LX").hashCode(), roman(60).hashCode());
        assertFalse(roman(3).equals((Object) "III"));
    }
}
