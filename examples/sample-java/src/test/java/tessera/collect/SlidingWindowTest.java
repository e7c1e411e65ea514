package tessera.collect;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.closeTo;
import static org.hamcrest.Matchers.greaterThan;
import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNotEquals;
import static org.junit.Assert.assertSame;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import java.util.NoSuchElementException;
import org.junit.Before;
import org.junit.Test;

public class SlidingWindowTest {
    private static final double DELTA = 1e-12;
    private SlidingWindow window;

    @Before
    public void init() {
        window = new SlidingWindow(4);
    }

    private static SlidingWindow over(double... values) {
        return new SlidingWindow(values.length).add(values);
    }

    @Test
    public void testToArrayKeepsOrder() {
        window.add(5, 6);
        assertArrayEquals(new double[] {5, 6}, window.toArray(), DELTA);
        window.add(7, 8, 9);
        assertArrayEquals(new double[] {6, 7, 8, 9}, window.toArray(), DELTA);
        assertArrayEquals("empty", new double[0], new SlidingWindow(3).toArray(), 0);
    }

    @Test
    public void testAddIsFluent() {
        assertSame(window, window.add(1));
        assertSame(window, window.add(2, 3).add());
    }

    @Test
    public void testSumFollowsTheWindow() {
        assertEquals(0.0, window.sum(), DELTA);
        assertEquals(1.0 + 2.0, window.add(1, 2).sum(), DELTA);
        assertEquals(2.0 + 3.0 + 4.0 + 5.0, window.add(3, 4, 5).sum(), DELTA);
    }

    @Test
    public void testMean() {
        assertEquals(2.5, window.add(1, 2, 3, 4).mean(), DELTA);
        assertEquals((2 + 3 + 4 + 10) / 4.0, window.add(10).mean(), DELTA);
        assertEquals(-1.5, over(-1, -2).mean(), DELTA);
    }

    @Test
    public void testMinAndMax() {
        window.add(9, 1, 5, 3);
        assertEquals(1, window.min(), DELTA);
        assertEquals(9, window.max(), DELTA);
        window.add(4);
        assertEquals("the nine fell out", 5, window.max(), DELTA);
        assertEquals("spread", 5 - 1, window.spread(), DELTA);
    }

    @Test
    public void testMedian() {
        assertEquals("odd", 3.0, over(8, 1, 3).median(), 0.0);
        assertEquals("even", 3.5, over(8, 1, 3, 4).median(), 0.0);
        assertEquals("single", 6.25, over(6.25).median(), 0.0);
    }

    @Test
    public void testMedianLeavesTheOrderAlone() {
        window.add(3, 2, 1);
        assertThat(window.median(), closeTo(2, DELTA));
        assertEquals("[3.0, 2.0, 1.0]", window.toString());
    }

    @Test
    public void testVarianceAndDeviation() {
        assertEquals(4.0, over(1, 5).variance(), DELTA);
        assertEquals(Math.sqrt(4.0), over(1, 5).deviation(), DELTA);
        assertThat(over(2, 2, 2).variance(), closeTo(0, DELTA));
        assertThat(over(1, 9).deviation(), greaterThan(over(4, 6).deviation()));
    }

    @Test
    public void testTrend() {
        assertEquals(3.0, over(1, 7, 4).trend(), DELTA);
        assertEquals(4.0 - 6.0, over(6, 5, 4).trend(), DELTA);
        assertEquals("too few values", 0.0, over(42).trend(), DELTA);
    }

    @Test
    public void testWeightedMeanFavoursNewValues() {
        assertEquals((1 * 3 + 2 * 6) / 3.0, over(3, 6).weightedMean(), DELTA);
        assertEquals((1 * 6 + 2 * 3) / 3.0, over(6, 3).weightedMean(), DELTA);
        assertNotEquals(over(3, 6).mean(), over(3, 6).weightedMean(), DELTA);
        assertEquals(over(8).mean(), over(8).weightedMean(), DELTA);
    }

    @Test
    public void testSizeStopsAtTheWidth() {
        for (int i = 1; i <= 6; i++) {
            window.add(i);
            assertEquals(Math.min(i, 4), window.size());
            assertEquals((long) i, window.seen());
        }
    }

    @Test
    public void testIsFull() {
        assertFalse(window.add(1, 2, 3).isFull());
        assertTrue(window.add(4).isFull());
        assertTrue(window.add(5).isFull());
    }

    @Test
    public void testEmptyWindowHasNoStatistics() {
        assertThrows(NoSuchElementException.class, window::mean);
        assertThrows(NoSuchElementException.class, () -> window.median());
        assertThrows("maximum", NoSuchElementException.class, window::max);
        assertThrows("weighted", NoSuchElementException.class, window::weightedMean);
    }

    @Test
    public void testOutliers() {
        SlidingWindow around = over(9, 11, 9, 11);
        assertTrue(around.isOutlier(14, 3.0));
        assertTrue("below", around.isOutlier(6, 3.0));
        assertFalse(around.isOutlier(12, 3.0));
        assertFalse("exactly on the border", around.isOutlier(13, 3.0));
    }

    @Test
    public void testBadArguments() {
        assertThrows(IllegalArgumentException.class, () -> new SlidingWindow(0));
        assertThrows(IllegalArgumentException.class, () -> window.add(1, Double.NaN));
        assertEquals("the good value stays", 1L, window.seen());
    }

    @Test
    public void testClear() {
        window.add(1, 2, 3, 4, 5).clear();
        assertEquals(0, window.size());
        assertEquals(0L, window.seen());
        assertEquals(8.0, window.add(8).mean(), DELTA);
    }

    @Test
    public void testMovingAverages() {
        double[] values = {2, 4, 6, 8};
        assertArrayEquals(new double[] {3, 5, 7}, SlidingWindow.movingAverages(values, 2), DELTA);
        assertArrayEquals(values, SlidingWindow.movingAverages(values, 1), DELTA);
        assertEquals(5.0, SlidingWindow.movingAverages(values, values.length)[0], DELTA);
        assertEquals(0, SlidingWindow.movingAverages(values, 5).length);
    }
}
