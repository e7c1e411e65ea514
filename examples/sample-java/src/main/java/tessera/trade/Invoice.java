package tessera.trade;

import java.time.LocalDate;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/** A bill with priced lines, tax by rate, and the payments received; all amounts are in cents. */
public final class Invoice {

    /** Where an invoice stands between being written and being paid. */
    public enum Status { EMPTY, OPEN, PARTLY_PAID, PAID }

    /** One line of an invoice: a quantity of something at a unit price before tax. */
    public record Line(String item, int quantity, long unitPrice, int taxPercent) {
        /** Returns the price of the line before tax. */
        public long net() {
            return quantity * unitPrice;
        }
    }

    private final String number;
    private final LocalDate issued;
    private final int termDays;
    private final List<Line> lines = new ArrayList<>();
    private long paid;

    /** Creates an empty invoice that is due a number of days after its date. */
    public Invoice(String number, LocalDate issued, int termDays) {
        if (termDays < 0) {
            throw new IllegalArgumentException("negative payment term: " + termDays);
        }
        this.number = number;
        this.issued = issued;
        this.termDays = termDays;
    }

    /** Adds a line and returns this invoice. */
    public Invoice add(String item, int quantity, long unitPrice, int taxPercent) {
        if (quantity <= 0) {
            throw new IllegalArgumentException("quantity must be positive: " + quantity);
        }
        if (taxPercent < 0) {
            throw new IllegalArgumentException("negative tax rate: " + taxPercent);
        }
        lines.add(new Line(item, quantity, unitPrice, taxPercent));
        return this;
    }

    /** Removes the first line for an item and returns it, or null if there is none. */
    public Line remove(String item) {
        Line line = find(item);
        lines.remove(line);
        return line;
    }

    /** Returns the first line for an item, or null if there is none. */
    public Line find(String item) {
        for (Line line : lines) {
            if (line.item().equalsIgnoreCase(item)) {
                return line;
            }
        }
        return null;
    }

    /** Returns the invoice number. */
    public String number() {
        return number;
    }

    /** Returns a copy of the lines in the order they were added. */
    public List<Line> lines() {
        return List.copyOf(lines);
    }

    /** Returns the total before tax. */
    public long subtotal() {
        return lines.stream().mapToLong(Line::net).sum();
    }

    /** Returns the tax due at each rate, lowest rate first, each rounded half up to a cent. */
    public SortedMap<Integer, Long> taxByRate() {
        SortedMap<Integer, Long> result = new TreeMap<>();
        for (Line line : lines) {
            result.merge(line.taxPercent(), line.net(), Long::sum);
        }
        result.replaceAll((percent, net) -> Math.floorDiv(net * percent + 50, 100L));
        return result;
    }

    /** Returns the sum of the taxes at all rates. */
    public long tax() {
        return taxByRate().values().stream().mapToLong(Long::longValue).sum();
    }

    /** Returns the total with tax. */
    public long total() {
        return subtotal() + tax();
    }

    /** Records a payment and returns the amount that was too much, zero if none was. */
    public long pay(long amount) {
        if (amount <= 0) {
            throw new IllegalArgumentException("payment must be positive: " + amount);
        }
        long excess = Math.max(0, amount - balance());
        paid += amount - excess;
        return excess;
    }

    /** Returns what is still to be paid. */
    public long balance() {
        return total() - paid;
    }

    /** Returns where the invoice stands. */
    public Status status() {
        if (lines.isEmpty()) {
            return Status.EMPTY;
        }
        if (balance() <= 0) {
            return Status.PAID;
        }
        return paid > 0 ? Status.PARTLY_PAID : Status.OPEN;
    }

    /** Returns the last day on which payment is in time. */
    public LocalDate dueDate() {
        return issued.plusDays(termDays);
    }

    /** Tells whether something is still to be paid after the due date. */
    public boolean isOverdue(LocalDate today) {
        return balance() > 0 && today.isAfter(dueDate());
    }

    /** Returns the number of days that payment is late, zero if it is not. */
    public long daysLate(LocalDate today) {
        return isOverdue(today) ? ChronoUnit.DAYS.between(dueDate(), today) : 0;
    }

    @Override
    public String toString() {
        String unit = lines.size() == 1 ? " line, " : " lines, ";
        return "Invoice " + number + " (" + lines.size() + unit + status() + ")";
    }
}
