package tessera.trade;

import java.time.LocalDate;
import java.time.YearMonth;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.stream.Stream;

/** A span of whole days from a first to a last one, both included, so never empty. */
public record DateRange(LocalDate first, LocalDate last) implements Iterable<LocalDate> {

    /** Creates a range and checks that it does not end before it starts. */
    public DateRange {
        if (last.isBefore(first)) {
            throw new IllegalArgumentException(last + " is before " + first);
        }
    }

    /** Returns the range of a single day. */
    public static DateRange ofDay(LocalDate day) {
        return new DateRange(day, day);
    }

    /** Returns all days of a month. */
    public static DateRange ofMonth(int year, int month) {
        YearMonth yearMonth = YearMonth.of(year, month);
        return new DateRange(yearMonth.atDay(1), yearMonth.atEndOfMonth());
    }

    /** Returns all days of a quarter, numbered from 1 to 4. */
    public static DateRange ofQuarter(int year, int quarter) {
        LocalDate first = LocalDate.of(year, 3 * quarter - 2, 1);
        return new DateRange(first, first.plusMonths(3).minusDays(1));
    }

    /** Reads text in the form {@code 2024-01-01/2024-01-31}; a single date is a range of one day. */
    public static DateRange parse(String text) {
        int slash = text.indexOf('/');
        if (slash < 0) {
            return ofDay(LocalDate.parse(text));
        }
        LocalDate first = LocalDate.parse(text.substring(0, slash));
        return new DateRange(first, LocalDate.parse(text.substring(slash + 1)));
    }

    /** Returns the number of days in the range. */
    public int length() {
        return (int) ChronoUnit.DAYS.between(first, last) + 1;
    }

    /** Tells whether a day lies in the range. */
    public boolean contains(LocalDate day) {
        return !day.isBefore(first) && !day.isAfter(last);
    }

    /** Tells whether every day of another range lies in this one. */
    public boolean encloses(DateRange other) {
        return contains(other.first) && contains(other.last);
    }

    /** Tells whether the two ranges have a day in common. */
    public boolean overlaps(DateRange other) {
        return !other.last.isBefore(first) && !other.first.isAfter(last);
    }

    /** Tells whether one range starts on the day after the other ends. */
    public boolean isAdjacentTo(DateRange other) {
        return last.plusDays(1).equals(other.first) || other.last.plusDays(1).equals(first);
    }

    /** Returns the days that both ranges have, or null if there are none. */
    public DateRange intersect(DateRange other) {
        return overlaps(other) ? new DateRange(later(first, other.first), earlier(last, other.last)) : null;
    }

    /** Returns the shortest range that encloses both. */
    public DateRange span(DateRange other) {
        return new DateRange(earlier(first, other.first), later(last, other.last));
    }

    /** Returns the days between two ranges, or null if they overlap or touch. */
    public DateRange gapTo(DateRange other) {
        if (overlaps(other) || isAdjacentTo(other)) {
            return null;
        }
        boolean before = last.isBefore(other.first);
        return before ? new DateRange(last.plusDays(1), other.first.minusDays(1)) : other.gapTo(this);
    }

    /** Returns the range moved by a number of days, which may be negative. */
    public DateRange shift(int days) {
        return days == 0 ? this : new DateRange(first.plusDays(days), last.plusDays(days));
    }

    /** Returns the range with a number of days added on either side. */
    public DateRange widen(int days) {
        return new DateRange(first.minusDays(days), last.plusDays(days));
    }

    /** Cuts the range into pieces of a number of days; the last piece may be shorter. */
    public List<DateRange> chunks(int days) {
        if (days < 1) {
            throw new IllegalArgumentException("pieces must have at least one day: " + days);
        }
        List<DateRange> result = new ArrayList<>();
        for (LocalDate start = first; !start.isAfter(last); start = start.plusDays(days)) {
            result.add(new DateRange(start, earlier(last, start.plusDays(days - 1))));
        }
        return result;
    }

    /** Returns the days of the range in order. */
    public Stream<LocalDate> days() {
        return first.datesUntil(last.plusDays(1));
    }

    @Override
    public Iterator<LocalDate> iterator() {
        return days().iterator();
    }

    @Override
    public String toString() {
        return first.equals(last) ? first.toString() : first + "/" + last;
    }

    private static LocalDate earlier(LocalDate a, LocalDate b) {
        return a.isBefore(b) ? a : b;
    }

    private static LocalDate later(LocalDate a, LocalDate b) {
        return a.isAfter(b) ? a : b;
    }
}
