package tessera.trade;

import java.util.Arrays;

/** A loan repaid in equal monthly payments, with interest charged on the balance each month. */
public final class Loan {

    private final double principal;
    private final double annualPercent;
    private final int months;

    /** Creates a loan of an amount at a yearly interest rate in percent, repaid over a number of months. */
    public Loan(double principal, double annualPercent, int months) {
        if (!(principal > 0)) {
            throw new IllegalArgumentException("principal must be positive: " + principal);
        }
        if (!(annualPercent >= 0)) {
            throw new IllegalArgumentException("interest must not be negative: " + annualPercent);
        }
        if (months < 1) {
            throw new IllegalArgumentException("at least one month is needed: " + months);
        }
        this.principal = principal;
        this.annualPercent = annualPercent;
        this.months = months;
    }

    /** Returns a loan without interest. */
    public static Loan interestFree(double principal, int months) {
        return new Loan(principal, 0, months);
    }

    /** Returns the amount borrowed. */
    public double principal() {
        return principal;
    }

    /** Returns the number of payments. */
    public int months() {
        return months;
    }

    /** Returns the interest for one month, as a fraction of the balance. */
    public double monthlyRate() {
        return annualPercent / 1200;
    }

    /** Returns the yearly interest, as a percentage, with monthly interest on interest. */
    public double effectivePercent() {
        return (Math.pow(1 + monthlyRate(), 12) - 1) * 100;
    }

    /** Returns the payment due each month. */
    public double payment() {
        double rate = monthlyRate();
        return rate == 0 ? principal / months : principal * rate / (1 - Math.pow(1 + rate, -months));
    }

    /** Returns the balance after a number of payments. */
    public double balanceAfter(int payments) {
        checkMonth(payments, 0);
        double balance = principal;
        for (int i = 0; i < payments; i++) {
            balance += balance * monthlyRate() - payment();
        }
        return payments == months ? 0 : balance;
    }

    /** Returns the interest in the payment of a month, counted from one. */
    public double interestIn(int month) {
        checkMonth(month, 1);
        return balanceAfter(month - 1) * monthlyRate();
    }

    /** Returns the part of the payment of a month, counted from one, that lowers the balance. */
    public double repaymentIn(int month) {
        return payment() - interestIn(month);
    }

    /** Returns the balances at the start and after each payment. */
    public double[] balances() {
        double[] result = new double[months + 1];
        Arrays.setAll(result, this::balanceAfter);
        return result;
    }

    /** Returns the sum of all payments. */
    public double totalPaid() {
        return payment() * months;
    }

    /** Returns the interest paid over the whole term. */
    public double totalInterest() {
        return totalPaid() - principal;
    }

    /** Returns the months needed to repay when paying an amount a month, or -1 if that is too little. */
    public int monthsWhenPaying(double amount) {
        if (amount <= principal * monthlyRate()) {
            return -1;
        }
        double balance = principal;
        int count = 0;
        while (balance > 1e-6) {
            balance += balance * monthlyRate() - amount;
            count++;
        }
        return count;
    }

    /** Returns the number of payments after which no more than a share of the principal is owed. */
    public int monthsUntilShare(double share) {
        int month = 0;
        while (balanceAfter(month) > share * principal) {
            month++;
        }
        return month;
    }

    /** Returns the loan that replaces this one after some payments, at a new yearly rate in percent. */
    public Loan refinanced(int payments, double newAnnualPercent) {
        if (payments == 0 && newAnnualPercent == annualPercent) {
            return this;
        }
        return new Loan(balanceAfter(payments), newAnnualPercent, months - payments);
    }

    /** Tells whether this loan costs less interest in all than another. */
    public boolean isCheaperThan(Loan other) {
        return totalInterest() < other.totalInterest();
    }

    @Override
    public String toString() {
        return principal + " at " + annualPercent + "% over " + months + (months == 1 ? " month" : " months");
    }

    private void checkMonth(int month, int lowest) {
        if (month < lowest || month > months) {
            throw new IndexOutOfBoundsException("no month " + month + " in " + months);
        }
    }
}
