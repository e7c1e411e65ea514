package tessera.math;

import static org.junit.Assert.*;

import org.hamcrest.MatcherAssert;
import org.hamcrest.Matchers;
import org.junit.Before;
import org.junit.Test;

public class StatisticsTest {

    private static final double TOLERANCE = 1e-10;

    private Statistics grades;
    private Statistics single;

    @Before
    public void createSamples() {
        grades = Statistics.of(2, 4, 4, 4, 5, 5, 7, 9);
        single = Statistics.of(6.5);
    }

    @Test
    public void emptySampleIsRejected() {
        Throwable thrown = assertThrows(IllegalArgumentException.class, () -> Statistics.of());
        assertEquals("empty sample", thrown.getMessage());
    }

    @Test
    public void countSumAndMean() {
        assertEquals("count", 8, grades.count());
        assertEquals("sum", 40.0, grades.sum(), TOLERANCE);
        assertEquals("mean", 5.0, grades.mean(), TOLERANCE);
        assertEquals("mean of one value", 6.5, single.mean(), TOLERANCE);
    }

    @Test
    public void extremes() {
        assertEquals("smallest", 2, grades.min(), 0);
        assertEquals("largest", 9, grades.max(), 0);
        assertEquals("range", 7, grades.range(), 0);
        assertEquals("range of one value", 0, single.range(), 0);
    }

    @Test
    public void orderOfTheValuesDoesNotMatter() {
        Statistics shuffled = Statistics.of(9, 2, 5, 4, 7, 4, 5, 4);
        assertArrayEquals(grades.toArray(), shuffled.toArray(), 0);
        assertArrayEquals(new double[] {1, 2, 3}, Statistics.of(3, 1, 2).toArray(), 0);
    }

    @Test
    public void sampleIsCopied() {
        double[] values = {1, 2, 3};
        Statistics s = Statistics.of(values);
        values[2] = 300;
        assertEquals(3, s.max(), 0);
        assertNotSame(s.toArray(), s.toArray());
        assertNotEquals(values[2], s.max(), 1);
    }

    @Test
    public void trimmedMeanIgnoresOutliers() {
        Statistics s = Statistics.of(-1000, 10, 20, 30, 5000);
        assertEquals(20, s.trimmedMean(1), TOLERANCE);
        assertEquals(20, s.trimmedMean(2), TOLERANCE);
        assertEquals("nothing dropped", s.mean(), s.trimmedMean(0), TOLERANCE);
        assertThrows("nothing left", IllegalArgumentException.class, () -> s.trimmedMean(3));
        assertThrows(IllegalArgumentException.class, () -> s.trimmedMean(-1));
    }

    @Test
    public void medianOfOddAndEvenSamples() {
        assertEquals("even", 4.5, grades.median(), TOLERANCE);
        assertEquals("odd", 3, Statistics.of(8, 1, 3).median(), TOLERANCE);
        assertEquals("two", 1.5, Statistics.of(1, 2).median(), TOLERANCE);
        assertEquals("one", 6.5, single.median(), TOLERANCE);
    }

    @Test
    public void quantilesAreInterpolated() {
        Statistics s = Statistics.of(10, 20, 30, 40, 50);
        assertEquals(10, s.quantile(0), TOLERANCE);
        assertEquals(20, s.quantile(0.25), TOLERANCE);
        assertEquals(46, s.quantile(0.9), TOLERANCE);
        assertEquals(s.max(), s.quantile(1), TOLERANCE);
        assertEquals(20, s.interquartileRange(), TOLERANCE);
    }

    @Test
    public void quantileShareIsChecked() {
        assertThrows("too large", IllegalArgumentException.class, () -> grades.quantile(1.1));
        assertThrows("negative", IllegalArgumentException.class, () -> grades.quantile(-0.1));
        assertThrows("NaN", IllegalArgumentException.class, () -> grades.quantile(Double.NaN));
    }

    @Test
    public void varianceAndDeviation() {
        assertEquals("variance", 4.0, grades.variance(), TOLERANCE);
        assertEquals("deviation", 2.0, grades.deviation(), TOLERANCE);
        assertEquals("no spread", 0.0, single.variance(), TOLERANCE);
        MatcherAssert.assertThat(Statistics.of(1, 9).deviation(), Matchers.closeTo(4, TOLERANCE));
    }

    @Test
    public void modeIsTheMostFrequentValue() {
        assertEquals(Double.valueOf(4), grades.mode());
        assertEquals(Double.valueOf(1), Statistics.of(3, 1, 3, 1).mode());
        assertNotNull(Statistics.of(5, 5).mode());
    }

    @Test
    public void modeIsNullWithoutRepetition() {
        assertNull(single.mode());
        assertNull(Statistics.of(1, 2, 3).mode());
        assertNull("still different", Statistics.of(0.1, 0.2).mode());
    }

    @Test
    public void shareUpToCountsFromBelow() {
        assertEquals(0.5, grades.shareUpTo(4), TOLERANCE);
        assertEquals(6 / 8.0, grades.shareUpTo(5), TOLERANCE);
        assertEquals(1 / 8.0, grades.shareUpTo(3.9), TOLERANCE);
        assertEquals("all", 1, grades.shareUpTo(grades.max()), TOLERANCE);
    }

    @Test
    public void scoreIsMeasuredInDeviations() {
        assertEquals(2, grades.score(9), TOLERANCE);
        assertEquals(-1.5, grades.score(2), TOLERANCE);
        assertEquals(0, grades.score(grades.mean()), TOLERANCE);
        assertEquals("no spread", 0, single.score(100), TOLERANCE);
    }

    @Test
    public void normalizedRunsFromZeroToOne() {
        double[] expected = {0, 0.25, 1};
        assertArrayEquals(expected, Statistics.of(10, 15, 30).normalized(), TOLERANCE);
        assertArrayEquals(expected, Statistics.of(0, 4, 1).normalized(), TOLERANCE);
        assertArrayEquals("all equal", new double[3], Statistics.of(7, 7, 7).normalized(), TOLERANCE);
    }
}
