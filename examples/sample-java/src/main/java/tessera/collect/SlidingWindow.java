package tessera.collect;

import java.util.Arrays;
import java.util.NoSuchElementException;

/** Running statistics over the most recent measurements; older measurements fall out of the window. */
public final class SlidingWindow {
    private final double[] values;
    private int next;
    private int size;
    private long seen;

    /** Creates an empty window over the given number of most recent measurements. */
    public SlidingWindow(int width) {
        if (width < 1) {
            throw new IllegalArgumentException("width must be positive: " + width);
        }
        values = new double[width];
    }

    /** Adds measurements, the oldest ones falling out when the window is full, and returns this. */
    public SlidingWindow add(double... measurements) {
        for (double measurement : measurements) {
            if (!Double.isFinite(measurement)) {
                throw new IllegalArgumentException("measurement must be finite: " + measurement);
            }
            values[next] = measurement;
            next = (next + 1) % values.length;
            size = Math.min(size + 1, values.length);
            seen++;
        }
        return this;
    }

    /** Returns the measurements in the window, the oldest first. */
    public double[] toArray() {
        double[] result = new double[size];
        int oldest = next - size + values.length;
        for (int i = 0; i < size; i++) {
            result[i] = values[(oldest + i) % values.length];
        }
        return result;
    }

    private double[] nonEmpty() {
        if (size == 0) {
            throw new NoSuchElementException("window is empty");
        }
        return toArray();
    }

    /** Returns the sum of the measurements in the window. */
    public double sum() {
        return Arrays.stream(toArray()).sum();
    }

    /** Returns the arithmetic mean of the measurements in the window. */
    public double mean() {
        return Arrays.stream(nonEmpty()).average().getAsDouble();
    }

    /** Returns the smallest measurement in the window. */
    public double min() {
        return Arrays.stream(nonEmpty()).min().getAsDouble();
    }

    /** Returns the largest measurement in the window. */
    public double max() {
        return Arrays.stream(nonEmpty()).max().getAsDouble();
    }

    /** Returns the difference between the largest and the smallest measurement. */
    public double spread() {
        return max() - min();
    }

    /** Returns the middle measurement, or the mean of both middle ones when their number is even. */
    public double median() {
        double[] sorted = nonEmpty();
        Arrays.sort(sorted);
        int middle = size / 2;
        return size % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    /** Returns the mean squared deviation from the mean. */
    public double variance() {
        double mean = mean();
        return Arrays.stream(toArray()).map(value -> (value - mean) * (value - mean)).average().getAsDouble();
    }

    /** Returns the square root of the variance. */
    public double deviation() {
        return Math.sqrt(variance());
    }

    /** Returns the newest minus the oldest measurement, zero when there are fewer than two. */
    public double trend() {
        double[] ordered = toArray();
        return size < 2 ? 0.0 : ordered[size - 1] - ordered[0];
    }

    /** Returns the mean with rising weights: 1 for the oldest measurement, 2 for the next, and so on. */
    public double weightedMean() {
        double[] ordered = nonEmpty();
        double total = 0;
        for (int i = 0; i < ordered.length; i++) {
            total += (i + 1) * ordered[i];
        }
        return total / (size * (size + 1) / 2.0);
    }

    /** Returns the number of measurements in the window. */
    public int size() {
        return size;
    }

    /** Returns the number of measurements ever added. */
    public long seen() {
        return seen;
    }

    /** Tells whether the next measurement pushes an older one out. */
    public boolean isFull() {
        return size == values.length;
    }

    /** Tells whether the value lies farther from the mean than the given number of deviations. */
    public boolean isOutlier(double value, double deviations) {
        return Math.abs(value - mean()) > deviations * deviation();
    }

    /** Forgets all measurements. */
    public void clear() {
        next = 0;
        size = 0;
        seen = 0;
    }

    /** Returns the moving averages of the values: one mean per full window of the given width. */
    public static double[] movingAverages(double[] values, int width) {
        SlidingWindow window = new SlidingWindow(width);
        double[] averages = new double[Math.max(0, values.length - width + 1)];
        for (int i = 0; i < values.length; i++) {
            window.add(values[i]);
            if (window.isFull()) {
                averages[i - width + 1] = window.mean();
            }
        }
        return averages;
    }

    @Override
    public String toString() {
        return Arrays.toString(toArray());
    }
}
