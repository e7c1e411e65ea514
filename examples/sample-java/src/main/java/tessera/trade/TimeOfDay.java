package tessera.trade;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A time on the clock, to the minute and without a date; arithmetic wraps around at midnight. */
public record TimeOfDay(int minuteOfDay) implements Comparable<TimeOfDay> {

    /** The start of the day. */
    public static final TimeOfDay MIDNIGHT = new TimeOfDay(0);

    /** The middle of the day. */
    public static final TimeOfDay NOON = new TimeOfDay(720);

    private static final int DAY = 24 * 60;
    private static final Pattern TEXT = Pattern.compile("(\\d{1,2})(?::(\\d{2}))?\\s*([ap]m)?");

    /** Creates a time and checks that it lies within a day. */
    public TimeOfDay {
        if (minuteOfDay < 0 || minuteOfDay >= 1440) {
            throw new IllegalArgumentException("not within a day: " + minuteOfDay);
        }
    }

    /** Returns the time with an hour from 0 to 23 and a minute. */
    public static TimeOfDay of(int hour, int minute) {
        if (hour < 0 || hour > 23 || minute < 0 || minute > 59) {
            throw new IllegalArgumentException("no such time: " + hour + ":" + minute);
        }
        return new TimeOfDay(60 * hour + minute);
    }

    /** Reads a time such as {@code 21:30}, {@code 9:30 pm} or {@code 9pm}. */
    public static TimeOfDay parse(String text) {
        TimeOfDay time = tryParse(text);
        if (time == null) {
            throw new IllegalArgumentException("not a time: " + text);
        }
        return time;
    }

    /** Reads a time like {@link #parse}, but returns null for text that is none. */
    public static TimeOfDay tryParse(String text) {
        Matcher matcher = TEXT.matcher(text.strip().toLowerCase(Locale.ROOT));
        if (!matcher.matches() || matcher.group(2) == null && matcher.group(3) == null) {
            return null;
        }
        int hour = Integer.parseInt(matcher.group(1));
        int minute = matcher.group(2) == null ? 0 : Integer.parseInt(matcher.group(2));
        String half = matcher.group(3);
        if (minute > 59 || hour > 23 || half != null && (hour < 1 || hour > 12)) {
            return null;
        }
        return of(half == null ? hour : hour % 12 + (half.equals("pm") ? 12 : 0), minute);
    }

    /** Returns the hour, from 0 to 23. */
    public int hour() {
        return minuteOfDay / 60;
    }

    /** Returns the minute of the hour. */
    public int minute() {
        return minuteOfDay % 60;
    }

    /** Tells whether the time is before noon. */
    public boolean isMorning() {
        return minuteOfDay < DAY / 2;
    }

    /** Returns the time a number of minutes later, or earlier if negative. */
    public TimeOfDay plusMinutes(int minutes) {
        return new TimeOfDay(Math.floorMod(minuteOfDay + (long) minutes, DAY));
    }

    /** Returns the time a number of hours later, or earlier if negative. */
    public TimeOfDay plusHours(int hours) {
        return plusMinutes(Math.floorMod(hours, 24) * 60);
    }

    /** Returns the minutes until the clock next shows another time, past midnight if need be. */
    public int minutesUntil(TimeOfDay other) {
        return Math.floorMod(other.minuteOfDay - minuteOfDay, DAY);
    }

    /** Tells whether the time is at or after one and before another, past midnight if need be. */
    public boolean isWithin(TimeOfDay open, TimeOfDay close) {
        return open.minutesUntil(this) < open.minutesUntil(close);
    }

    /** Tells whether the time is earlier in the day than another. */
    public boolean isBefore(TimeOfDay other) {
        return minuteOfDay < other.minuteOfDay;
    }

    /** Returns the time rounded to the nearest multiple of some minutes after midnight, halves up. */
    public TimeOfDay roundTo(int minutes) {
        if (minutes < 1 || DAY % minutes != 0) {
            throw new IllegalArgumentException("does not divide a day: " + minutes);
        }
        return new TimeOfDay((2 * minuteOfDay + minutes) / (2 * minutes) * minutes % DAY);
    }

    /** Returns the share of the day that has passed, from 0 up to 1. */
    public double fractionOfDay() {
        return minuteOfDay / (double) DAY;
    }

    /** Returns the time on a 12-hour clock, such as {@code 9:30 pm}. */
    public String to12Hour() {
        int hour = (hour() + 11) % 12 + 1;
        return String.format(Locale.ROOT, "%d:%02d %s", hour, minute(), isMorning() ? "am" : "pm");
    }

    @Override
    public int compareTo(TimeOfDay other) {
        return Integer.compare(minuteOfDay, other.minuteOfDay);
    }

    @Override
    public String toString() {
        return String.format(Locale.ROOT, "%02d:%02d", hour(), minute());
    }
}
