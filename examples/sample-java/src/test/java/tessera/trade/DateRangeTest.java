package tessera.trade;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNotEquals;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertSame;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.format.DateTimeParseException;
import java.util.Iterator;
import java.util.List;
import org.junit.Test;

public class DateRangeTest {

    private static LocalDate may(int day) {
        return LocalDate.of(2023, 5, day);
    }

    private static DateRange inMay(int first, int last) {
        return new DateRange(may(first), may(last));
    }

    @Test
    public void endMustNotPrecedeStart() {
        assertThrows(IllegalArgumentException.class, () -> inMay(9, 8));
        assertThrows(IllegalArgumentException.class, () -> new DateRange(may(31), may(1)));
        assertEquals(inMay(9, 9), DateRange.ofDay(may(9)));
    }

    @Test
    public void lengthCountsBothEnds() {
        assertEquals(1, inMay(4, 4).length());
        assertEquals(7, inMay(1, 7).length());
        assertEquals(366, new DateRange(LocalDate.of(2024, 1, 1), LocalDate.of(2024, 12, 31)).length());
    }

    @Test
    public void monthsEndOnTheirLastDay() {
        assertEquals(29, DateRange.ofMonth(2024, 2).length());
        assertEquals(28, DateRange.ofMonth(2023, 2).length());
        assertEquals(inMay(1, 31), DateRange.ofMonth(2023, 5));
        assertEquals(LocalDate.of(2023, 4, 30), DateRange.ofMonth(2023, 4).last());
        assertThrows(DateTimeException.class, () -> DateRange.ofMonth(2023, 13));
    }

    @Test
    public void quartersHaveThreeMonths() {
        assertEquals(LocalDate.of(2023, 4, 1), DateRange.ofQuarter(2023, 2).first());
        assertEquals(LocalDate.of(2023, 6, 30), DateRange.ofQuarter(2023, 2).last());
        assertEquals(31 + 30 + 31, DateRange.ofQuarter(2023, 4).length());
        assertTrue(DateRange.ofQuarter(2023, 2).encloses(DateRange.ofMonth(2023, 5)));
    }

    @Test
    public void containsBothEnds() {
        DateRange range = inMay(10, 20);
        assertTrue(range.contains(may(10)));
        assertTrue(range.contains(may(20)));
        assertFalse(range.contains(may(9)));
        assertFalse(range.contains(may(20).plusDays(1)));
        assertFalse(range.contains(may(15).plusYears(1)));
    }

    @Test
    public void enclosesNeedsEveryDay() {
        DateRange range = inMay(10, 20);
        assertTrue(range.encloses(range));
        assertTrue(range.encloses(inMay(12, 20)));
        assertFalse(range.encloses(inMay(12, 21)));
        assertFalse(inMay(12, 15).encloses(range));
    }

    @Test
    public void overlapNeedsOneDay() {
        assertTrue(inMay(1, 10).overlaps(inMay(10, 12)));
        assertTrue(inMay(10, 12).overlaps(inMay(1, 10)));
        assertFalse(inMay(1, 9).overlaps(inMay(10, 12)));
        assertFalse(inMay(10, 12).overlaps(inMay(1, 9)));
    }

    @Test
    public void adjacentRangesTouch() {
        DateRange early = inMay(1, 9);
        DateRange late = inMay(10, 12);
        assertTrue(early.isAdjacentTo(late));
        assertTrue(late.isAdjacentTo(early));
        assertFalse(early.isAdjacentTo(late.shift(1)));
        assertFalse(early.isAdjacentTo(late.shift(-1)));
    }

    @Test
    public void intersectionIsNullWhenApart() {
        assertEquals(inMay(5, 8), inMay(1, 8).intersect(inMay(5, 20)));
        assertEquals(inMay(6, 7), inMay(1, 31).intersect(inMay(6, 7)));
        assertNull(inMay(1, 4).intersect(inMay(5, 20)));
        assertNull(inMay(21, 22).intersect(inMay(5, 20)));
    }

    @Test
    public void spanCoversBothAndWhatIsBetween() {
        DateRange a = inMay(3, 5);
        DateRange b = inMay(20, 22);
        assertEquals(inMay(3, 22), a.span(b));
        assertEquals(a.span(b), b.span(a));
        assertEquals(a, a.span(DateRange.ofDay(may(4))));
    }

    @Test
    public void gapLiesStrictlyBetween() {
        DateRange a = inMay(3, 5);
        assertEquals(inMay(6, 19), a.gapTo(inMay(20, 22)));
        assertEquals(inMay(6, 6), a.gapTo(inMay(7, 8)));
        assertNull("touching", a.gapTo(inMay(6, 8)));
        assertNull("overlapping", a.gapTo(inMay(5, 8)));
        assertEquals(DateRange.ofDay(may(2)), a.gapTo(DateRange.ofDay(may(1))));
    }

    @Test
    public void shiftKeepsTheLength() {
        DateRange week = inMay(8, 14);
        assertEquals(inMay(15, 21), week.shift(7));
        assertEquals(inMay(1, 7), week.shift(-7));
        assertSame(week, week.shift(0));
        assertEquals(week.length(), week.shift(100).length());
    }

    @Test
    public void widenGrowsOnBothSides() {
        assertEquals(inMay(8, 12), inMay(10, 10).widen(2));
        assertEquals(1 + 2 * 5, DateRange.ofDay(may(20)).widen(5).length());
        assertNotEquals(inMay(10, 20), inMay(10, 20).widen(1));
        assertThrows(IllegalArgumentException.class, () -> inMay(10, 12).widen(-2));
    }

    @Test
    public void chunksMayEndShort() {
        DateRange tenDays = inMay(1, 10);
        assertEquals(List.of(inMay(1, 4), inMay(5, 8), inMay(9, 10)), tenDays.chunks(4));
        assertEquals(List.of(inMay(1, 5), inMay(6, 10)), tenDays.chunks(5));
        assertEquals(List.of(tenDays), tenDays.chunks(30));
        assertEquals(tenDays.length(), tenDays.chunks(1).size());
        assertThrows(IllegalArgumentException.class, () -> tenDays.chunks(0));
    }

    @Test
    public void daysComeInOrder() {
        assertArrayEquals(new LocalDate[] {may(30), may(31)}, inMay(30, 31).days().toArray());
        assertEquals(may(1), DateRange.ofMonth(2023, 5).days().findFirst().orElseThrow());
        Iterator<LocalDate> iterator = inMay(7, 8).iterator();
        assertEquals(may(7), iterator.next());
        assertEquals(may(8), iterator.next());
        assertFalse(iterator.hasNext());
    }

    @Test
    public void textIsIsoWithASlash() {
        assertEquals("2023-05-01/2023-05-03", inMay(1, 3).toString());
        assertEquals("2023-05-02", DateRange.ofDay(may(2)).toString());
        assertEquals(inMay(1, 3), DateRange.parse("2023-05-01/2023-05-03"));
        assertEquals(inMay(2, 2), DateRange.parse("2023-05-02"));
        assertThrows(DateTimeParseException.class, () -> DateRange.parse("May 2023"));
    }
}
