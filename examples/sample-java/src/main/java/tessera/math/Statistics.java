package tessera.math;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/** Descriptive statistics of a fixed, non-empty sample of doubles. */
public final class Statistics {

    private final double[] sorted;

    private Statistics(double[] sorted) {
        this.sorted = sorted;
    }

    /** Returns the statistics of the given values. */
    public static Statistics of(double... values) {
        if (values.length == 0) {
            throw new IllegalArgumentException("empty sample");
        }
        double[] copy = values.clone();
        Arrays.sort(copy);
        return new Statistics(copy);
    }

    /** Returns the number of values. */
    public int count() {
        return sorted.length;
    }

    /** Returns the sum of the values. */
    public double sum() {
        return Arrays.stream(sorted).sum();
    }

    /** Returns the smallest value. */
    public double min() {
        return sorted[0];
    }

    /** Returns the largest value. */
    public double max() {
        return sorted[sorted.length - 1];
    }

    /** Returns the distance from the smallest to the largest value. */
    public double range() {
        return max() - min();
    }

    /** Returns the arithmetic mean. */
    public double mean() {
        return sum() / count();
    }

    /** Returns the mean of the values left after dropping the given number at each end. */
    public double trimmedMean(int dropped) {
        if (dropped < 0 || 2 * dropped >= count()) {
            throw new IllegalArgumentException("cannot drop " + dropped + " at each end of " + count());
        }
        return of(Arrays.copyOfRange(sorted, dropped, count() - dropped)).mean();
    }

    /** Returns the middle value, or the mean of the two middle values. */
    public double median() {
        return quantile(0.5);
    }

    /** Returns the value below which the given share of the sample lies, interpolated linearly. */
    public double quantile(double share) {
        if (!(share >= 0 && share <= 1)) {
            throw new IllegalArgumentException("share out of range: " + share);
        }
        double position = share * (count() - 1);
        int below = (int) Math.floor(position);
        int above = (int) Math.ceil(position);
        return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
    }

    /** Returns the distance between the first and the third quartile. */
    public double interquartileRange() {
        return quantile(0.75) - quantile(0.25);
    }

    /** Returns the mean squared distance from the mean. */
    public double variance() {
        double mean = mean();
        return Arrays.stream(sorted).map(v -> (v - mean) * (v - mean)).sum() / count();
    }

    /** Returns the square root of the variance. */
    public double deviation() {
        return Math.sqrt(variance());
    }

    /** Returns the most frequent value; the smallest one if there are several, null if none repeats. */
    public Double mode() {
        Map<Double, Integer> counts = new HashMap<>();
        Double best = null;
        int most = 1;
        for (double value : sorted) {
            int now = counts.merge(value, 1, Integer::sum);
            if (now > most) {
                most = now;
                best = value;
            }
        }
        return best;
    }

    /** Returns the share of values that are at most the given one. */
    public double shareUpTo(double value) {
        return (double) Arrays.stream(sorted).filter(v -> v <= value).count() / count();
    }

    /** Returns how many deviations the value lies above the mean, or zero if all values are equal. */
    public double score(double value) {
        double deviation = deviation();
        return deviation == 0 ? 0 : (value - mean()) / deviation;
    }

    /** Returns the values in ascending order, scaled so that they run from 0 to 1. */
    public double[] normalized() {
        if (range() == 0) {
            return new double[count()];
        }
        return Arrays.stream(sorted).map(v -> (v - min()) / range()).toArray();
    }

    /** Returns the values in ascending order. */
    public double[] toArray() {
        return sorted.clone();
    }
}
