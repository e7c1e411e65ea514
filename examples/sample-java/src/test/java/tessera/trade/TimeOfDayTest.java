package tessera.trade;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.arrayContaining;
import static org.hamcrest.Matchers.closeTo;
import static org.hamcrest.Matchers.comparesEqualTo;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.hasToString;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThan;
import static org.hamcrest.Matchers.notNullValue;
import static org.hamcrest.Matchers.nullValue;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNotEquals;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import java.util.Arrays;
import org.junit.Test;

public class TimeOfDayTest {

    private final TimeOfDay breakfast = TimeOfDay.of(7, 30);
    private final TimeOfDay lunch = TimeOfDay.of(12, 15);
    private final TimeOfDay lateShow = TimeOfDay.of(23, 50);

    @Test
    public void partsOfATime() {
        assertEquals(7, breakfast.hour());
        assertEquals(30, breakfast.minute());
        assertEquals(7 * 60 + 30, breakfast.minuteOfDay());
        assertEquals(23 * 60 + 50, lateShow.minuteOfDay());
    }

    @Test
    public void constantsAreTheObviousTimes() {
        assertEquals(TimeOfDay.of(0, 0), TimeOfDay.MIDNIGHT);
        assertEquals(TimeOfDay.of(12, 0), TimeOfDay.NOON);
        assertNotEquals(TimeOfDay.NOON, TimeOfDay.MIDNIGHT.plusHours(24));
    }

    @Test
    public void impossibleTimes() {
        assertThrows(IllegalArgumentException.class, () -> TimeOfDay.of(24, 0));
        assertThrows(IllegalArgumentException.class, () -> TimeOfDay.of(8, 60));
        assertThrows(IllegalArgumentException.class, () -> TimeOfDay.of(-1, 5));
        assertThrows(IllegalArgumentException.class, () -> new TimeOfDay(1440));
    }

    @Test
    public void parse24HourClock() {
        assertThat(TimeOfDay.parse("7:30"), is(breakfast));
        assertThat(TimeOfDay.parse("07:30"), is(breakfast));
        assertThat(TimeOfDay.parse(" 23:50 "), is(lateShow));
        assertThat(TimeOfDay.parse("0:00"), equalTo(TimeOfDay.MIDNIGHT));
    }

    @Test
    public void parse12HourClock() {
        assertThat(TimeOfDay.parse("11:50 pm"), equalTo(lateShow));
        assertThat(TimeOfDay.parse("12:15PM"), equalTo(lunch));
        assertThat(TimeOfDay.parse("12am").minuteOfDay(), is(0));
        assertThat(TimeOfDay.parse("12 pm").minuteOfDay(), is(720));
        assertThat(TimeOfDay.parse("9pm").hour(), is(21));
    }

    @Test
    public void tryParseGivesNullForOtherText() {
        assertThat(TimeOfDay.tryParse("7:30"), notNullValue());
        assertThat(TimeOfDay.tryParse("7"), nullValue());
        assertThat(TimeOfDay.tryParse("7:60"), nullValue());
        assertThat(TimeOfDay.tryParse("13 pm"), nullValue());
        assertThat("hour zero", TimeOfDay.tryParse("0:10 am"), nullValue());
    }

    @Test
    public void parseErrorQuotesTheText() {
        var error = assertThrows(IllegalArgumentException.class, () -> TimeOfDay.parse("teatime"));
        assertThat(error.getMessage(), equalTo("not a time: teatime"));
        var other = assertThrows(IllegalArgumentException.class, () -> TimeOfDay.parse("25:00"));
        assertThat(other.getMessage(), equalTo("not a time: 25:00"));
    }

    @Test
    public void morningEndsAtNoon() {
        assertTrue(breakfast.isMorning());
        assertTrue(TimeOfDay.MIDNIGHT.isMorning());
        assertTrue(TimeOfDay.NOON.plusMinutes(-1).isMorning());
        assertFalse(TimeOfDay.NOON.isMorning());
        assertFalse(lunch.isMorning());
    }

    @Test
    public void additionWrapsAround() {
        assertThat(lateShow.plusMinutes(20), is(TimeOfDay.of(0, 10)));
        assertThat(breakfast.plusMinutes(-450), is(TimeOfDay.MIDNIGHT));
        assertThat(lunch.plusMinutes(24 * 60), is(lunch));
        assertThat(lunch.plusHours(13), is(TimeOfDay.of(1, 15)));
        assertThat(lunch.plusHours(-13), is(TimeOfDay.of(23, 15)));
    }

    @Test
    public void minutesUntilNeverLooksBack() {
        assertEquals(285, breakfast.minutesUntil(lunch));
        assertEquals(1440 - 285, lunch.minutesUntil(breakfast));
        assertEquals(10, lateShow.minutesUntil(TimeOfDay.MIDNIGHT));
        assertEquals(0, lateShow.minutesUntil(lateShow));
    }

    @Test
    public void openingHours() {
        TimeOfDay nine = TimeOfDay.of(9, 0);
        TimeOfDay five = TimeOfDay.of(17, 0);
        assertTrue(lunch.isWithin(nine, five));
        assertTrue(nine.isWithin(nine, five));
        assertFalse(five.isWithin(nine, five));
        assertFalse(breakfast.isWithin(nine, five));
    }

    @Test
    public void openingHoursPastMidnight() {
        TimeOfDay eightPm = TimeOfDay.parse("8 pm");
        TimeOfDay twoAm = TimeOfDay.parse("2 am");
        assertTrue("late evening", lateShow.isWithin(eightPm, twoAm));
        assertTrue("after midnight", TimeOfDay.of(1, 59).isWithin(eightPm, twoAm));
        assertFalse("closing time", twoAm.isWithin(eightPm, twoAm));
        assertFalse("midday", lunch.isWithin(eightPm, twoAm));
    }

    @Test
    public void orderWithinADay() {
        assertTrue(breakfast.isBefore(lunch));
        assertFalse(lunch.isBefore(lunch));
        assertThat(lunch, greaterThan(breakfast));
        assertThat(lunch.plusHours(12), lessThan(breakfast));
        assertThat(lunch.plusMinutes(0), comparesEqualTo(lunch));
    }

    @Test
    public void sortingUsesTheOrder() {
        TimeOfDay[] times = {lateShow, TimeOfDay.MIDNIGHT, lunch, breakfast};
        Arrays.sort(times);
        assertThat(times, arrayContaining(TimeOfDay.MIDNIGHT, breakfast, lunch, lateShow));
        assertThat(times[0].compareTo(times[3]), lessThan(0));
        assertThat(times[3].compareTo(times[1]), greaterThan(0));
    }

    @Test
    public void roundingGoesToTheNearestStep() {
        assertEquals("12:00", lunch.roundTo(60).toString());
        assertEquals("08:00", breakfast.roundTo(60).toString());
        assertEquals("00:00", lateShow.roundTo(30).toString());
        assertEquals(lunch, lunch.roundTo(15));
        assertEquals(breakfast, breakfast.plusMinutes(7).roundTo(15));
        assertThrows("7 does not divide 1440", IllegalArgumentException.class, () -> lunch.roundTo(7));
    }

    @Test
    public void fractionOfTheDay() {
        assertEquals(0.5, TimeOfDay.NOON.fractionOfDay(), 0);
        assertEquals(0.25, TimeOfDay.of(6, 0).fractionOfDay(), 0);
        assertThat(breakfast.fractionOfDay(), closeTo(0.3125, 1e-9));
        assertThat(lateShow.fractionOfDay(), is(lessThan(1.0)));
    }

    @Test
    public void texts() {
        assertThat(breakfast, hasToString("07:30"));
        assertThat(TimeOfDay.MIDNIGHT, hasToString("00:00"));
        assertThat(breakfast.to12Hour(), is("7:30 am"));
        assertThat(lunch.to12Hour(), is("12:15 pm"));
        assertThat(TimeOfDay.of(0, 5).to12Hour(), is("12:05 am"));
    }
}
