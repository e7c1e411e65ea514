package tessera.trade;

import static org.junit.Assert.*;

import java.time.DayOfWeek;
import java.time.LocalDate;
import java.time.Month;
import java.time.YearMonth;
import org.junit.Test;
import tessera.trade.BusinessCalendar.Convention;

public class BusinessCalendarTest {

    private static final LocalDate GOOD_FRIDAY = LocalDate.of(2024, Month.MARCH, 29);
    private static final LocalDate SATURDAY = GOOD_FRIDAY.plusDays(1);
    private static final LocalDate EASTER_SUNDAY = GOOD_FRIDAY.plusDays(2);
    private static final LocalDate EASTER_MONDAY = GOOD_FRIDAY.plusDays(3);
    private static final LocalDate THURSDAY = GOOD_FRIDAY.minusDays(1);
    private static final LocalDate TUESDAY = EASTER_MONDAY.plusDays(1);

    private final BusinessCalendar plain = BusinessCalendar.western();
    private final BusinessCalendar easter = BusinessCalendar.western()
        .addHoliday(GOOD_FRIDAY, "Good Friday")
        .addHoliday(EASTER_MONDAY, "Easter Monday");

    @Test
    public void test_weekend_is_saturday_and_sunday() {
        assertTrue(plain.isWeekend(SATURDAY));
        assertTrue(plain.isWeekend(EASTER_SUNDAY));
        assertFalse(plain.isWeekend(GOOD_FRIDAY));
        assertFalse(plain.isWeekend(EASTER_MONDAY));
    }

    @Test
    public void test_other_weekends() {
        BusinessCalendar gulf = new BusinessCalendar(DayOfWeek.FRIDAY, DayOfWeek.SATURDAY);
        assertTrue("Friday off", gulf.isWeekend(GOOD_FRIDAY));
        assertTrue("Sunday on", gulf.isBusinessDay(EASTER_SUNDAY));
        assertEquals(DayOfWeek.SUNDAY, gulf.next(THURSDAY).getDayOfWeek());
        assertEquals(7, new BusinessCalendar().count(THURSDAY, THURSDAY.plusWeeks(1)));
    }

    @Test
    public void test_a_week_needs_a_working_day() {
        assertThrows(IllegalArgumentException.class, () -> new BusinessCalendar(DayOfWeek.values()));
        BusinessCalendar sundaysOnly = new BusinessCalendar(
            DayOfWeek.MONDAY, DayOfWeek.TUESDAY, DayOfWeek.WEDNESDAY,
            DayOfWeek.THURSDAY, DayOfWeek.FRIDAY, DayOfWeek.SATURDAY);
        assertEquals(EASTER_SUNDAY, sundaysOnly.next(THURSDAY));
        assertEquals(EASTER_SUNDAY.minusWeeks(1), sundaysOnly.previous(THURSDAY));
    }

    @Test
    public void test_holidays_are_not_business_days() {
        assertTrue(plain.isBusinessDay(GOOD_FRIDAY));
        assertFalse(easter.isBusinessDay(GOOD_FRIDAY));
        assertFalse(easter.isBusinessDay(EASTER_MONDAY));
        assertTrue(easter.isBusinessDay(EASTER_MONDAY.plusYears(1)));
    }

    @Test
    public void test_holiday_names() {
        assertEquals("Good Friday", easter.holidayName(GOOD_FRIDAY));
        assertEquals("Easter Monday", easter.holidayName(EASTER_MONDAY));
        assertNull(easter.holidayName(EASTER_SUNDAY));
        assertNull(plain.holidayName(GOOD_FRIDAY));
    }

    @Test
    public void test_add_returns_the_same_calendar() {
        assertSame(plain, plain.addHoliday(THURSDAY, "Company outing"));
        assertSame(plain, plain.addYearly(12, 25, "Christmas", 2020, 2021));
        assertNotNull(plain.holidayName(THURSDAY));
        assertNotNull(plain.holidayName(LocalDate.of(2021, 12, 25)));
    }

    @Test
    public void test_yearly_holidays() {
        BusinessCalendar calendar = BusinessCalendar.western().addYearly(5, 1, "May Day", 2022, 2024);
        assertEquals(0, calendar.holidaysIn(2021));
        assertEquals(1, calendar.holidaysIn(2022));
        assertEquals(1, calendar.holidaysIn(2024));
        assertEquals(0, calendar.holidaysIn(2025));
    }

    @Test
    public void test_remove_holiday() {
        assertTrue("first time", easter.removeHoliday(GOOD_FRIDAY));
        assertFalse("second time", easter.removeHoliday(GOOD_FRIDAY));
        assertFalse("never was one", easter.removeHoliday(SATURDAY));
        assertEquals("one is left", 1, easter.holidaysIn(2024));
    }

    @Test
    public void test_next_holiday() {
        assertEquals(GOOD_FRIDAY, easter.nextHoliday(LocalDate.of(2024, 1, 1)));
        assertEquals(EASTER_MONDAY, easter.nextHoliday(GOOD_FRIDAY));
        assertNull("no more", easter.nextHoliday(EASTER_MONDAY));
        assertNull("none at all", plain.nextHoliday(LocalDate.MIN));
    }

    @Test
    public void test_next_and_previous() {
        assertEquals(EASTER_MONDAY, plain.next(GOOD_FRIDAY));
        assertEquals(TUESDAY, easter.next(THURSDAY));
        assertEquals(THURSDAY, easter.previous(TUESDAY));
        assertEquals(GOOD_FRIDAY, plain.previous(EASTER_SUNDAY));
        assertEquals(THURSDAY, plain.next(plain.previous(THURSDAY)));
    }

    @Test
    public void test_plus_skips_days_off() {
        assertEquals(TUESDAY, easter.plus(THURSDAY, 1));
        assertEquals(TUESDAY.plusDays(1), easter.plus(THURSDAY, 2));
        assertEquals(THURSDAY.plusWeeks(1), plain.plus(THURSDAY, 5));
        assertEquals(THURSDAY.minusWeeks(2), plain.plus(THURSDAY, -10));
        assertSame(SATURDAY, plain.plus(SATURDAY, 0));
    }

    @Test
    public void test_count_excludes_the_end() {
        assertEquals(0, plain.count(THURSDAY, THURSDAY));
        assertEquals(1, easter.count(THURSDAY, TUESDAY));
        assertEquals(3, plain.count(THURSDAY, TUESDAY));
        assertEquals(-3, plain.count(TUESDAY, THURSDAY));
        assertEquals(5 * 52, plain.count(THURSDAY, THURSDAY.plusWeeks(52)));
    }

    @Test
    public void test_adjust_leaves_business_days_alone() {
        for (Convention convention : Convention.values()) {
            assertSame(convention.name(), THURSDAY, easter.adjust(THURSDAY, convention));
        }
        assertSame(SATURDAY, easter.adjust(SATURDAY, Convention.UNADJUSTED));
    }

    @Test
    public void test_adjust_moves_days_off() {
        assertEquals(TUESDAY, easter.adjust(SATURDAY, Convention.FOLLOWING));
        assertEquals(THURSDAY, easter.adjust(SATURDAY, Convention.PRECEDING));
        assertEquals(EASTER_MONDAY, plain.adjust(SATURDAY, Convention.FOLLOWING));
    }

    @Test
    public void test_modified_following_stays_in_the_month() {
        assertEquals(THURSDAY, easter.adjust(GOOD_FRIDAY, Convention.MODIFIED_FOLLOWING));
        assertEquals(Month.MARCH, plain.adjust(EASTER_SUNDAY, Convention.MODIFIED_FOLLOWING).getMonth());
        assertEquals(Month.APRIL, plain.adjust(EASTER_SUNDAY, Convention.FOLLOWING).getMonth());
        assertEquals(TUESDAY, easter.adjust(EASTER_MONDAY, Convention.MODIFIED_FOLLOWING));
    }

    @Test
    public void test_first_and_last_of_month() {
        assertEquals(3, plain.firstOf(YearMonth.of(2024, 6)).getDayOfMonth());
        assertEquals(28, plain.lastOf(YearMonth.of(2024, 6)).getDayOfMonth());
        assertEquals(TUESDAY, easter.firstOf(YearMonth.of(2024, 4)));
        assertEquals(THURSDAY, easter.lastOf(YearMonth.from(THURSDAY)));
    }
}
