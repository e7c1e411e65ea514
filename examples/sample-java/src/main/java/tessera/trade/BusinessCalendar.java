package tessera.trade;

import java.time.DayOfWeek;
import java.time.LocalDate;
import java.time.YearMonth;
import java.util.EnumSet;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;

/** Knows weekends and holidays, and counts and finds the working days between them. */
public final class BusinessCalendar {

    /** What to do with a date that is not a working day. */
    public enum Convention { UNADJUSTED, FOLLOWING, PRECEDING, MODIFIED_FOLLOWING }

    private final Set<DayOfWeek> weekend;
    private final NavigableMap<LocalDate, String> holidays = new TreeMap<>();

    /** Creates a calendar with the given days off in every week. */
    public BusinessCalendar(DayOfWeek... weekend) {
        this.weekend = EnumSet.noneOf(DayOfWeek.class);
        this.weekend.addAll(Set.of(weekend));
        if (this.weekend.size() == 7) {
            throw new IllegalArgumentException("a week needs a working day");
        }
    }

    /** Returns a calendar without holidays where Saturday and Sunday are off. */
    public static BusinessCalendar western() {
        return new BusinessCalendar(DayOfWeek.SATURDAY, DayOfWeek.SUNDAY);
    }

    /** Adds a holiday and returns this calendar. */
    public BusinessCalendar addHoliday(LocalDate day, String name) {
        holidays.put(day, name);
        return this;
    }

    /** Adds a holiday on the same day of each year from a first to a last one, and returns this calendar. */
    public BusinessCalendar addYearly(int month, int dayOfMonth, String name, int firstYear, int lastYear) {
        for (int year = firstYear; year <= lastYear; year++) {
            addHoliday(LocalDate.of(year, month, dayOfMonth), name);
        }
        return this;
    }

    /** Removes a holiday and tells whether there was one. */
    public boolean removeHoliday(LocalDate day) {
        return holidays.remove(day) != null;
    }

    /** Returns the name of the holiday on a day, or null if it is none. */
    public String holidayName(LocalDate day) {
        return holidays.get(day);
    }

    /** Returns the number of holidays in a year, those on weekends included. */
    public int holidaysIn(int year) {
        return holidays.subMap(LocalDate.of(year, 1, 1), LocalDate.of(year + 1, 1, 1)).size();
    }

    /** Returns the first holiday after a day, or null if none is known. */
    public LocalDate nextHoliday(LocalDate day) {
        return holidays.higherKey(day);
    }

    /** Tells whether a day falls on a weekend. */
    public boolean isWeekend(LocalDate day) {
        return weekend.contains(day.getDayOfWeek());
    }

    /** Tells whether a day is neither on a weekend nor a holiday. */
    public boolean isBusinessDay(LocalDate day) {
        return !isWeekend(day) && !holidays.containsKey(day);
    }

    /** Returns the first working day after a day. */
    public LocalDate next(LocalDate day) {
        return plus(day, 1);
    }

    /** Returns the last working day before a day. */
    public LocalDate previous(LocalDate day) {
        return plus(day, -1);
    }

    /** Moves a date by a number of working days, back if negative; by zero it stays even on a day off. */
    public LocalDate plus(LocalDate day, int businessDays) {
        int step = Integer.signum(businessDays);
        LocalDate result = day;
        for (int left = Math.abs(businessDays); left > 0; ) {
            result = result.plusDays(step);
            if (isBusinessDay(result)) {
                left--;
            }
        }
        return result;
    }

    /** Counts the working days from one date, included, to another, excluded; negative if it lies before. */
    public int count(LocalDate from, LocalDate to) {
        if (to.isBefore(from)) {
            return -count(to, from);
        }
        return (int) from.datesUntil(to).filter(this::isBusinessDay).count();
    }

    /** Returns a date moved, if it is a day off, to a working day chosen by a convention. */
    public LocalDate adjust(LocalDate day, Convention convention) {
        if (isBusinessDay(day)) {
            return day;
        }
        return switch (convention) {
            case UNADJUSTED -> day;
            case FOLLOWING -> next(day);
            case PRECEDING -> previous(day);
            case MODIFIED_FOLLOWING ->
                YearMonth.from(next(day)).equals(YearMonth.from(day)) ? next(day) : previous(day);
        };
    }

    /** Returns the first working day of a month. */
    public LocalDate firstOf(YearMonth month) {
        return next(month.atDay(1).minusDays(1));
    }

    /** Returns the last working day of a month. */
    public LocalDate lastOf(YearMonth month) {
        return previous(month.atEndOfMonth().plusDays(1));
    }
}
