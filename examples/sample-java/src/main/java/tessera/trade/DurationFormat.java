package tessera.trade;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Writes and reads durations for people, short ({@code 1h 30m}) or long ({@code 1 hour 30 minutes}). */
public final class DurationFormat {

    /** Writes units as letters and all parts that are not zero. */
    public static final DurationFormat SHORT = new DurationFormat(false, 4, " ");

    /** Writes units as words and all parts that are not zero. */
    public static final DurationFormat LONG = new DurationFormat(true, 4, " ");

    private static final String[] NAMES = {"day", "hour", "minute", "second"};
    private static final long[] SECONDS = {86_400, 3_600, 60, 1};
    private static final Pattern PART = Pattern.compile(
        "(\\d{1,9})\\s*(days?|d|hours?|h|minutes?|min|m|seconds?|sec|s)(?:\\s*,\\s*(?=\\d)|\\s+|$|(?=\\d))");

    private final boolean words;
    private final int maxParts;
    private final String separator;

    private DurationFormat(boolean words, int maxParts, String separator) {
        this.words = words;
        this.maxParts = maxParts;
        this.separator = separator;
    }

    /** Returns the same format showing at most the given number of parts; smaller ones are cut off. */
    public DurationFormat limit(int parts) {
        if (parts < 1) {
            throw new IllegalArgumentException("at least one part must be shown: " + parts);
        }
        return parts == maxParts ? this : new DurationFormat(words, parts, separator);
    }

    /** Returns the same format with another text between the parts. */
    public DurationFormat separatedBy(String text) {
        return new DurationFormat(words, maxParts, text);
    }

    /** Writes a duration; parts below a second are dropped and a minus sign goes in front. */
    public String format(Duration duration) {
        long seconds = duration.abs().toSeconds();
        return (duration.isNegative() && seconds > 0 ? "-" : "") + format(seconds);
    }

    /** Writes a number of seconds that is not negative. */
    public String format(long seconds) {
        List<String> parts = new ArrayList<>();
        long left = seconds;
        for (int i = 0; i < SECONDS.length && parts.size() < maxParts; i++) {
            long n = left / SECONDS[i];
            left %= SECONDS[i];
            if (n > 0) {
                parts.add(part(n, i));
            }
        }
        return parts.isEmpty() ? part(0, 3) : String.join(separator, parts);
    }

    /** Returns the days, hours, minutes and seconds of a duration. */
    public static long[] split(Duration duration) {
        long left = duration.toSeconds();
        long[] result = new long[SECONDS.length];
        for (int i = 0; i < result.length; i++) {
            result[i] = left / SECONDS[i];
            left %= SECONDS[i];
        }
        return result;
    }

    /** Writes a duration that is not negative as on a stopwatch, {@code 5:07} or {@code 1:05:07}. */
    public static String clock(Duration duration) {
        long seconds = duration.toSeconds();
        if (seconds < 3600) {
            return String.format(Locale.ROOT, "%d:%02d", seconds / 60, seconds % 60);
        }
        return String.format(Locale.ROOT, "%d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60);
    }

    /** Writes the one largest unit of a duration, rounded down, such as {@code 3 days ago}. */
    public static String ago(Duration duration) {
        return duration.toSeconds() < 1 ? "just now" : LONG.limit(1).format(duration) + " ago";
    }

    /** Writes a duration in hours with the given number of decimals. */
    public static String decimalHours(Duration duration, int decimals) {
        return String.format(Locale.ROOT, "%." + decimals + "f h", inHours(duration));
    }

    /** Returns a duration as a number of hours. */
    public static double inHours(Duration duration) {
        return duration.toMillis() / 3_600_000.0;
    }

    /** Reads text in the short or long form, such as {@code 2h 5m} or {@code 1 day, 6 hours}. */
    public static Duration parse(String text) {
        return tryParse(text).orElseThrow(() -> new IllegalArgumentException("not a duration: " + text));
    }

    /** Reads text like {@link #parse}, but returns nothing for text that is no duration. */
    public static Optional<Duration> tryParse(String text) {
        String trimmed = text.strip().toLowerCase(Locale.ROOT);
        Matcher matcher = PART.matcher(trimmed);
        Duration sum = Duration.ZERO;
        int end = 0;
        while (end < trimmed.length() && matcher.find(end) && matcher.start() == end) {
            long unit = secondsOf(matcher.group(2).charAt(0));
            sum = sum.plusSeconds(unit * Long.parseLong(matcher.group(1)));
            end = matcher.end();
        }
        return end == 0 || end < trimmed.length() ? Optional.empty() : Optional.of(sum);
    }

    private static long secondsOf(char initial) {
        for (int i = 0; i < NAMES.length; i++) {
            if (NAMES[i].charAt(0) == initial) {
                return SECONDS[i];
            }
        }
        throw new IllegalArgumentException("no unit starts with " + initial);
    }

    private String part(long n, int unit) {
        return words ? n + " " + NAMES[unit] + (n == 1 ? "" : "s") : n + NAMES[unit].substring(0, 1);
    }
}
