package tessera.trade;

import static java.time.Duration.ofDays;
import static java.time.Duration.ofHours;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNotSame;
import static org.junit.Assert.assertSame;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import java.time.Duration;
import java.util.Optional;
import org.junit.Test;

public class DurationFormatTest {

    private static final DurationFormat SHORT = DurationFormat.SHORT;
    private static final DurationFormat LONG = DurationFormat.LONG;

    @Test
    public void shouldWriteLetters() {
        assertEquals("1h 30m", SHORT.format(ofMinutes(90)));
        assertEquals("45s", SHORT.format(ofSeconds(45)));
        assertEquals("2d 1s", SHORT.format(ofDays(2).plusSeconds(1)));
    }

    @Test
    public void shouldWriteWordsWithPlurals() {
        assertEquals("1 hour 30 minutes", LONG.format(ofMinutes(90)));
        assertEquals("1 day 1 hour 1 minute 1 second", LONG.format(86_400 + 3_600 + 60 + 1));
        assertEquals("2 days 2 hours", LONG.format(2 * 86_400 + 2 * 3_600));
    }

    @Test
    public void shouldWriteZeroAsSeconds() {
        assertEquals("0s", SHORT.format(Duration.ZERO));
        assertEquals("0 seconds", LONG.format(Duration.ZERO));
        assertEquals("0s", SHORT.format(ofMillis(999)));
        assertEquals("0s", SHORT.format(ofMillis(999).negated()));
    }

    @Test
    public void shouldPutAMinusInFront() {
        assertEquals("-1h 5m", SHORT.format(ofMinutes(-65)));
        assertEquals("-1 minute", LONG.format(ofMinutes(1).negated()));
        assertEquals("-" + SHORT.format(5_000), SHORT.format(ofSeconds(-5_000)));
    }

    @Test
    public void shouldCutOffAfterTheLimit() {
        Duration trip = ofDays(3).plusHours(4).plusMinutes(5);
        assertEquals("3d", SHORT.limit(1).format(trip));
        assertEquals("3d 4h", SHORT.limit(2).format(trip));
        assertEquals("3 days 4 hours 5 minutes", LONG.limit(3).format(trip));
        assertEquals(LONG.format(trip), LONG.limit(9).format(trip));
    }

    @Test
    public void shouldReuseAFormatWithTheSameLimit() {
        DurationFormat two = SHORT.limit(2);
        assertSame(two, two.limit(2));
        assertNotSame(two, two.limit(3));
        assertSame(SHORT, SHORT.limit(4));
        assertThrows(IllegalArgumentException.class, () -> SHORT.limit(0));
    }

    @Test
    public void shouldUseTheSeparator() {
        DurationFormat commas = LONG.separatedBy(", ");
        assertEquals("1 hour, 1 second", commas.format(3_601));
        assertEquals("1 day, 1 minute", commas.format(86_460));
        assertEquals("1h1s", SHORT.separatedBy("").format(3_601));
        assertEquals("one part needs none", "1 minute", commas.format(60));
    }

    @Test
    public void shouldSplitIntoFourUnits() {
        assertArrayEquals(new long[] {0, 1, 30, 0}, DurationFormat.split(ofMinutes(90)));
        assertArrayEquals(new long[] {1, 1, 0, 0}, DurationFormat.split(ofHours(25)));
        assertArrayEquals(new long[4], DurationFormat.split(Duration.ZERO));
        assertEquals(59, DurationFormat.split(ofSeconds(3_599))[3]);
        assertEquals(10, DurationFormat.split(ofDays(10))[0]);
    }

    @Test
    public void shouldLookLikeAStopwatch() {
        assertEquals("5:07", DurationFormat.clock(ofSeconds(307)));
        assertEquals("0:00", DurationFormat.clock(Duration.ZERO));
        assertEquals("59:59", DurationFormat.clock(ofHours(1).minusSeconds(1)));
        assertEquals("1:00:00", DurationFormat.clock(ofHours(1)));
        assertEquals("30:05:00", DurationFormat.clock(ofHours(30).plusMinutes(5)));
    }

    @Test
    public void shouldSayHowLongAgo() {
        assertEquals("3 days ago", DurationFormat.ago(ofHours(80)));
        assertEquals("1 minute ago", DurationFormat.ago(ofSeconds(119)));
        assertEquals("just now", DurationFormat.ago(ofMillis(800)));
        assertTrue(DurationFormat.ago(ofDays(400)).startsWith("400 days"));
    }

    @Test
    public void shouldConvertToHours() {
        assertEquals(1.5, DurationFormat.inHours(ofMinutes(90)), 1e-12);
        assertEquals(-48, DurationFormat.inHours(ofDays(-2)), 1e-12);
        assertEquals(0.75, DurationFormat.inHours(ofMinutes(30).plusMinutes(15)), 1e-12);
    }

    @Test
    public void shouldWriteDecimalHours() {
        assertEquals("1.50 h", DurationFormat.decimalHours(ofMinutes(90), 2));
        assertEquals("0.3 h", DurationFormat.decimalHours(ofMinutes(20), 1));
        assertEquals("25 h", DurationFormat.decimalHours(ofDays(1).plusHours(1), 0));
    }

    @Test
    public void shouldReadTheShortForm() {
        assertEquals(ofMinutes(90), DurationFormat.parse("1h 30m"));
        assertEquals(ofMinutes(90), DurationFormat.parse("1h30m"));
        assertEquals(ofDays(2).plusSeconds(5), DurationFormat.parse("2d 5s"));
        assertEquals(150, DurationFormat.parse("150s").toSeconds());
    }

    @Test
    public void shouldReadTheLongForm() {
        assertEquals(30, DurationFormat.parse("1 day, 6 hours").toHours());
        assertEquals(61, DurationFormat.parse("1 hour 1 minute").toMinutes());
        assertEquals(ofSeconds(1), DurationFormat.parse(" 1 Second "));
        assertEquals(ofMinutes(10), DurationFormat.parse("5 min 5 min"));
    }

    @Test
    public void shouldRefuseOtherText() {
        String[] wrong = {"", "h", "12", "1 fortnight", "1h x", "1h,", ", 1h"};
        for (String text : wrong) {
            assertEquals(text, Optional.empty(), DurationFormat.tryParse(text));
        }
        assertFalse(DurationFormat.tryParse("1.5h").isPresent());
        assertTrue(DurationFormat.tryParse("15h").isPresent());
        assertEquals(Optional.of(ofHours(15)), DurationFormat.tryParse("15h"));
        assertThrows(IllegalArgumentException.class, () -> DurationFormat.parse("soon"));
    }

    @Test
    public void shouldReadWhatItWrites() {
        for (long seconds = 1; seconds < 1_000_000; seconds = seconds * 7 + 3) {
            assertEquals(seconds, DurationFormat.parse(SHORT.format(seconds)).toSeconds());
            assertEquals(ofSeconds(seconds), DurationFormat.parse(LONG.separatedBy(", ").format(seconds)));
        }
    }
}
