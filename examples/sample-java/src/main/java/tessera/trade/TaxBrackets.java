package tessera.trade;

import java.util.Arrays;

/** A progressive tax scale: each slice of income between two thresholds is taxed at its own rate. */
public final class TaxBrackets {

    private final double[] thresholds;
    private final double[] rates;

    private TaxBrackets(double[] thresholds, double[] rates) {
        this.thresholds = thresholds;
        this.rates = rates;
    }

    /** Returns a scale with a single rate for all income. */
    public static TaxBrackets flat(double rate) {
        return new TaxBrackets(new double[] {0}, new double[] {checkRate(rate)});
    }

    /** Returns a scale that leaves income up to an allowance untaxed and taxes the rest at one rate. */
    public static TaxBrackets withAllowance(double allowance, double rate) {
        return flat(0).above(allowance, rate);
    }

    /** Returns a scale with one more bracket on top of this one's. */
    public TaxBrackets above(double threshold, double rate) {
        int n = thresholds.length;
        if (threshold <= thresholds[n - 1]) {
            throw new IllegalArgumentException("threshold not above the last one: " + threshold);
        }
        double[] newThresholds = Arrays.copyOf(thresholds, n + 1);
        double[] newRates = Arrays.copyOf(rates, n + 1);
        newThresholds[n] = threshold;
        newRates[n] = checkRate(rate);
        return new TaxBrackets(newThresholds, newRates);
    }

    /** Returns the number of brackets. */
    public int size() {
        return rates.length;
    }

    /** Returns a copy of the lower bounds of the brackets. */
    public double[] thresholds() {
        return thresholds.clone();
    }

    /** Returns a copy of the rates of the brackets. */
    public double[] rates() {
        return rates.clone();
    }

    /** Returns the position of the bracket that the last unit of income falls in, from zero. */
    public int bracketOf(double income) {
        int index = 0;
        while (index + 1 < thresholds.length && income > thresholds[index + 1]) {
            index++;
        }
        return index;
    }

    /** Returns the rate on the last unit of income. */
    public double marginalRate(double income) {
        return rates[bracketOf(income)];
    }

    /** Returns the income that falls in each bracket. */
    public double[] slices(double income) {
        double[] result = new double[rates.length];
        for (int i = 0; i < result.length; i++) {
            double upper = i + 1 < thresholds.length ? thresholds[i + 1] : Double.POSITIVE_INFINITY;
            result[i] = Math.max(0, Math.min(income, upper) - thresholds[i]);
        }
        return result;
    }

    /** Returns the tax on an income; nothing is due on a loss. */
    public double taxOn(double income) {
        double[] slices = slices(income);
        double tax = 0;
        for (int i = 0; i < slices.length; i++) {
            tax += slices[i] * rates[i];
        }
        return tax;
    }

    /** Returns what is left of an income after tax. */
    public double netOf(double income) {
        return income - taxOn(income);
    }

    /** Returns the share of an income that is paid as tax, zero for no income. */
    public double effectiveRate(double income) {
        return income <= 0 ? 0 : taxOn(income) / income;
    }

    /** Returns the income that leaves the given amount after tax. */
    public double grossFor(double net) {
        int index = 0;
        while (index + 1 < thresholds.length && net > netOf(thresholds[index + 1])) {
            index++;
        }
        if (rates[index] == 1) {
            throw new IllegalArgumentException("no income leaves " + net);
        }
        return thresholds[index] + (net - netOf(thresholds[index])) / (1 - rates[index]);
    }

    /** Returns the tax that an extra amount on top of an income adds. */
    public double taxOnRaise(double income, double raise) {
        return taxOn(income + raise) - taxOn(income);
    }

    /** Returns a scale with all thresholds multiplied, as when they are adjusted for inflation. */
    public TaxBrackets indexed(double factor) {
        if (factor <= 0) {
            throw new IllegalArgumentException("factor must be positive: " + factor);
        }
        if (factor == 1) {
            return this;
        }
        return new TaxBrackets(Arrays.stream(thresholds).map(t -> t * factor).toArray(), rates);
    }

    /** Tells whether no bracket has a lower rate than the one below it. */
    public boolean isProgressive() {
        for (int i = 1; i < rates.length; i++) {
            if (rates[i] < rates[i - 1]) {
                return false;
            }
        }
        return true;
    }

    @Override
    public boolean equals(Object object) {
        return object instanceof TaxBrackets other && Arrays.equals(thresholds, other.thresholds)
            && Arrays.equals(rates, other.rates);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(thresholds) + Arrays.hashCode(rates);
    }

    private static double checkRate(double rate) {
        if (!(rate >= 0 && rate <= 1)) {
            throw new IllegalArgumentException("rate not between 0 and 1: " + rate);
        }
        return rate;
    }
}
