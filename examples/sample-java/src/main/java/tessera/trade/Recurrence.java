package tessera.trade;

import java.time.LocalDate;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A rule for dates that repeat every so many days, weeks, months or years from a first one. */
public final class Recurrence {

    private static final int FOREVER = Integer.MAX_VALUE;

    private final LocalDate start;
    private final int interval;
    private final ChronoUnit unit;
    private final int count;

    private Recurrence(LocalDate start, int interval, ChronoUnit unit, int count) {
        if (interval < 1) {
            throw new IllegalArgumentException("interval must be at least one: " + interval);
        }
        this.start = start;
        this.interval = interval;
        this.unit = unit;
        this.count = count;
    }

    /** Returns a rule that repeats every day. */
    public static Recurrence daily(LocalDate start) {
        return new Recurrence(start, 1, ChronoUnit.DAYS, FOREVER);
    }

    /** Returns a rule that repeats on the same day of every week. */
    public static Recurrence weekly(LocalDate start) {
        return new Recurrence(start, 1, ChronoUnit.WEEKS, FOREVER);
    }

    /** Returns a rule that repeats on the same day of every month, or on its last day in shorter months. */
    public static Recurrence monthly(LocalDate start) {
        return new Recurrence(start, 1, ChronoUnit.MONTHS, FOREVER);
    }

    /** Returns a rule that repeats on the same day of every year. */
    public static Recurrence yearly(LocalDate start) {
        return new Recurrence(start, 1, ChronoUnit.YEARS, FOREVER);
    }

    /** Returns the same rule with only every n-th day, week, month or year. */
    public Recurrence every(int n) {
        return new Recurrence(start, n, unit, count);
    }

    /** Returns the same rule ending after a number of dates. */
    public Recurrence times(int newCount) {
        if (newCount < 0) {
            throw new IllegalArgumentException("negative count: " + newCount);
        }
        return new Recurrence(start, interval, unit, newCount);
    }

    /** Returns the same rule ending with the last of its dates that is not after a day. */
    public Recurrence until(LocalDate day) {
        return times(indexAfter(day));
    }

    /** Returns the same rule moved to another first date. */
    public Recurrence startingOn(LocalDate newStart) {
        return newStart.equals(start) ? this : new Recurrence(newStart, interval, unit, count);
    }

    /** Tells whether the rule ends. */
    public boolean isFinite() {
        return count != FOREVER;
    }

    /** Returns the date with the given position, from zero. */
    public LocalDate get(int index) {
        if (index < 0 || index >= count) {
            throw new IndexOutOfBoundsException("no date number " + index);
        }
        return start.plus((long) index * interval, unit);
    }

    /** Returns the first dates of the rule, at most as many as the limit. */
    public List<LocalDate> take(int limit) {
        List<LocalDate> result = new ArrayList<>();
        for (int i = 0; i < Math.min(limit, count); i++) {
            result.add(get(i));
        }
        return result;
    }

    /** Returns the dates from one day to another, both included. */
    public List<LocalDate> between(LocalDate from, LocalDate to) {
        List<LocalDate> result = new ArrayList<>();
        for (int i = indexAfter(from.minusDays(1)); i < indexAfter(to); i++) {
            result.add(get(i));
        }
        return result;
    }

    /** Tells whether a day is one of the dates. */
    public boolean occursOn(LocalDate day) {
        return indexAfter(day) > indexAfter(day.minusDays(1));
    }

    /** Returns the first date after a day, or null if the rule has ended. */
    public LocalDate nextAfter(LocalDate day) {
        int index = indexAfter(day);
        return index < count ? get(index) : null;
    }

    /** Returns the last date before a day, or null if the rule starts no earlier. */
    public LocalDate lastBefore(LocalDate day) {
        int index = indexAfter(day.minusDays(1));
        return index > 0 ? get(index - 1) : null;
    }

    /** Returns the final date, or null if the rule never ends or has no dates. */
    public LocalDate last() {
        return isFinite() && count > 0 ? get(count - 1) : null;
    }

    /** Returns the rule in words, such as {@code every 2 weeks from 2024-01-01, 5 times}. */
    public String describe() {
        String plural = unit.name().toLowerCase(Locale.ROOT);
        String step = interval == 1 ? plural.substring(0, plural.length() - 1) : interval + " " + plural;
        String end = switch (count) {
            case FOREVER -> "";
            case 0 -> ", never";
            case 1 -> ", once";
            default -> ", " + count + " times";
        };
        return "every " + step + " from " + start + end;
    }

    private int indexAfter(LocalDate day) {
        if (day.isBefore(start)) {
            return 0;
        }
        long index = unit.between(start, day) / interval;
        while (!start.plus(index * interval, unit).isAfter(day)) {
            index++;
        }
        return (int) Math.min(index, count);
    }
}
