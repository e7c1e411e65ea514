package tessera.trade;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.endsWith;
import static org.hamcrest.Matchers.hasSize;
import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNotSame;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertSame;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import java.time.DayOfWeek;
import java.time.LocalDate;
import java.util.Collections;
import java.util.List;
import org.junit.Test;

public class RecurrenceTest {

    /** A Monday. */
    private final LocalDate newYear = LocalDate.of(2024, 1, 1);

    private static LocalDate date(String text) {
        return LocalDate.parse(text);
    }

    private static String[] firstThree(Recurrence rule) {
        return rule.take(3).stream().map(LocalDate::toString).toArray(String[]::new);
    }

    @Test
    public void dailyRule() {
        String[] expected = {"2024-01-01", "2024-01-02", "2024-01-03"};
        assertArrayEquals(expected, firstThree(Recurrence.daily(newYear)));
        expected[1] = "2024-01-11";
        expected[2] = "2024-01-21";
        assertArrayEquals(expected, firstThree(Recurrence.daily(newYear).every(10)));
    }

    @Test
    public void weeklyRuleKeepsTheWeekday() {
        Recurrence mondays = Recurrence.weekly(newYear);
        assertThat(mondays.take(2), contains(newYear, newYear.plusDays(7)));
        assertThat(mondays.every(3).take(2), contains(newYear, newYear.plusDays(21)));
        for (LocalDate day : mondays.take(60)) {
            assertEquals(DayOfWeek.MONDAY, day.getDayOfWeek());
        }
    }

    @Test
    public void monthlyRuleFallsBackToTheLastDay() {
        Recurrence monthEnds = Recurrence.monthly(date("2024-01-31"));
        assertEquals(date("2024-02-29"), monthEnds.get(1));
        assertEquals(date("2024-03-31"), monthEnds.get(2));
        assertEquals(date("2024-04-30"), monthEnds.get(3));
        assertEquals(date("2025-02-28"), monthEnds.get(13));
    }

    @Test
    public void yearlyRuleOnLeapDay() {
        Recurrence leapDays = Recurrence.yearly(date("2024-02-29"));
        assertEquals(28, leapDays.get(1).getDayOfMonth());
        assertEquals(29, leapDays.get(4).getDayOfMonth());
        assertEquals(2034, leapDays.get(10).getYear());
        assertEquals(2044, leapDays.every(4).get(5).getYear());
    }

    @Test
    public void getChecksTheIndex() {
        Recurrence twice = Recurrence.daily(newYear).times(2);
        assertEquals(newYear.plusDays(1), twice.get(1));
        assertThrows(IndexOutOfBoundsException.class, () -> twice.get(2));
        assertThrows(IndexOutOfBoundsException.class, () -> twice.get(-1));
    }

    @Test
    public void badNumbersAreRefused() {
        Recurrence rule = Recurrence.weekly(newYear);
        assertThrows("interval", IllegalArgumentException.class, () -> rule.every(0));
        assertThrows("count", IllegalArgumentException.class, () -> rule.times(-1));
        assertNull(rule.times(0).last());
    }

    @Test
    public void timesLimitsTheDates() {
        Recurrence rule = Recurrence.weekly(newYear);
        assertThat(rule.times(4).take(10), hasSize(4));
        assertThat(rule.times(4).take(3), hasSize(3));
        assertThat(rule.times(0).take(10), empty());
        assertThat(rule.take(10), hasSize(10));
    }

    @Test
    public void untilIncludesTheDay() {
        Recurrence rule = Recurrence.weekly(newYear);
        assertEquals(3, rule.until(date("2024-01-15")).take(99).size());
        assertEquals(2, rule.until(date("2024-01-14")).take(99).size());
        assertEquals(0, rule.until(date("2023-12-31")).take(99).size());
        assertEquals(date("2024-12-30"), rule.until(date("2024-12-31")).last());
    }

    @Test
    public void onlyLimitedRulesAreFinite() {
        assertFalse(Recurrence.daily(newYear).isFinite());
        assertTrue(Recurrence.daily(newYear).times(3).isFinite());
        assertTrue(Recurrence.yearly(newYear).until(newYear).isFinite());
        assertNull("no end", Recurrence.yearly(newYear).last());
    }

    @Test
    public void occursOnItsDatesOnly() {
        Recurrence fortnight = Recurrence.weekly(newYear).every(2).times(3);
        assertTrue("first", fortnight.occursOn(newYear));
        assertTrue("last", fortnight.occursOn(newYear.plusWeeks(4)));
        assertFalse("odd week", fortnight.occursOn(newYear.plusWeeks(1)));
        assertFalse("after the end", fortnight.occursOn(newYear.plusWeeks(6)));
        assertFalse("before the start", fortnight.occursOn(newYear.minusWeeks(2)));
    }

    @Test
    public void monthlyOccursOnShortenedDays() {
        Recurrence monthEnds = Recurrence.monthly(date("2024-01-31"));
        assertTrue(monthEnds.occursOn(date("2024-02-29")));
        assertTrue(monthEnds.occursOn(date("2024-06-30")));
        assertFalse(monthEnds.occursOn(date("2024-03-30")));
    }

    @Test
    public void nextAfterIsStrictlyLater() {
        Recurrence rule = Recurrence.monthly(date("2024-01-10")).times(3);
        assertEquals(date("2024-01-10"), rule.nextAfter(date("2020-05-05")));
        assertEquals(date("2024-02-10"), rule.nextAfter(date("2024-01-10")));
        assertEquals(date("2024-03-10"), rule.nextAfter(date("2024-02-29")));
        assertNull(rule.nextAfter(date("2024-03-10")));
    }

    @Test
    public void lastBeforeIsStrictlyEarlier() {
        Recurrence rule = Recurrence.monthly(date("2024-01-10")).times(3);
        assertNull(rule.lastBefore(date("2024-01-10")));
        assertEquals("2024-01-10", rule.lastBefore(date("2024-01-11")).toString());
        assertEquals("2024-01-10", rule.lastBefore(date("2024-02-10")).toString());
        assertEquals("2024-03-10", rule.lastBefore(date("2030-01-01")).toString());
    }

    @Test
    public void betweenIncludesBothEnds() {
        Recurrence rule = Recurrence.daily(newYear).every(2);
        assertEquals(List.of(newYear.plusDays(2), newYear.plusDays(4)),
            rule.between(newYear.plusDays(1), newYear.plusDays(5)));
        assertEquals(List.of(newYear), rule.between(newYear.minusDays(9), newYear));
        assertEquals(Collections.emptyList(), rule.between(newYear.plusDays(1), newYear.plusDays(1)));
    }

    @Test
    public void startingOnMovesTheRule() {
        Recurrence rule = Recurrence.weekly(newYear).times(2);
        assertSame(rule, rule.startingOn(newYear));
        Recurrence moved = rule.startingOn(date("2024-02-02"));
        assertNotSame(rule, moved);
        assertEquals(date("2024-02-09"), moved.last());
        assertEquals(rule.take(9).size(), moved.take(9).size());
    }

    @Test
    public void describeReadsLikeASentence() {
        assertEquals("every day from 2024-01-01", Recurrence.daily(newYear).describe());
        assertEquals("every 2 weeks from 2024-01-01", Recurrence.weekly(newYear).every(2).describe());
        assertEquals("every month from 2024-01-01, 5 times", Recurrence.monthly(newYear).times(5).describe());
        assertThat(Recurrence.yearly(newYear).times(1).describe(), endsWith(", once"));
        assertThat(Recurrence.yearly(newYear).times(0).describe(), endsWith(", never"));
    }
}
