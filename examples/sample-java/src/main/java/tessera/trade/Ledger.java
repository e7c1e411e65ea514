package tessera.trade;

import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/** A double-entry book: every entry moves an amount from one account (credit) to another (debit). */
public final class Ledger {

    /** One transfer of an amount, in cents, into the debit account and out of the credit account. */
    public record Entry(LocalDate date, String debit, String credit, long amount, String memo) {
        /** Tells whether the entry changes the balance of an account. */
        public boolean touches(String account) {
            return debit.equals(account) || credit.equals(account);
        }

        /** Returns by how much the entry changes the balance of an account. */
        public long effectOn(String account) {
            return (debit.equals(account) ? amount : 0) - (credit.equals(account) ? amount : 0);
        }
    }

    private final List<Entry> entries = new ArrayList<>();

    /** Records a transfer and returns the entry made. */
    public Entry post(LocalDate date, String debit, String credit, long amount, String memo) {
        if (amount <= 0) {
            throw new IllegalArgumentException("amount must be positive: " + amount);
        }
        if (debit.equals(credit)) {
            throw new IllegalArgumentException("debit and credit are the same account: " + debit);
        }
        Entry entry = new Entry(date, debit, credit, amount, memo);
        entries.add(entry);
        return entry;
    }

    /** Records the opposite of an earlier entry and returns it. */
    public Entry reverse(Entry entry, LocalDate date) {
        if (!entries.contains(entry)) {
            throw new IllegalArgumentException("not in this ledger: " + entry);
        }
        return post(date, entry.credit(), entry.debit(), entry.amount(), "reversal of " + entry.memo());
    }

    /** Returns the number of entries. */
    public int size() {
        return entries.size();
    }

    /** Returns a copy of all entries in the order they were made. */
    public List<Entry> entries() {
        return List.copyOf(entries);
    }

    /** Returns the entries that change an account, in the order they were made. */
    public List<Entry> entriesOf(String account) {
        return entries.stream().filter(entry -> entry.touches(account)).toList();
    }

    /** Returns the names of all accounts used, in alphabetical order. */
    public SortedSet<String> accounts() {
        SortedSet<String> names = new TreeSet<>();
        for (Entry entry : entries) {
            names.add(entry.debit());
            names.add(entry.credit());
        }
        return names;
    }

    /** Returns the debits less the credits of an account, zero for an unknown one. */
    public long balance(String account) {
        return entries.stream().mapToLong(entry -> entry.effectOn(account)).sum();
    }

    /** Returns the balance of an account at the end of a day. */
    public long balanceOn(String account, LocalDate day) {
        long sum = 0;
        for (Entry entry : entries) {
            if (!entry.date().isAfter(day)) {
                sum += entry.effectOn(account);
            }
        }
        return sum;
    }

    /** Returns the balance of an account after each of the entries that change it. */
    public long[] runningBalance(String account) {
        long[] result = entriesOf(account).stream().mapToLong(entry -> entry.effectOn(account)).toArray();
        for (int i = 1; i < result.length; i++) {
            result[i] += result[i - 1];
        }
        return result;
    }

    /** Returns the balances of all accounts; they add up to zero. */
    public SortedMap<String, Long> trialBalance() {
        SortedMap<String, Long> result = new TreeMap<>();
        for (String account : accounts()) {
            result.put(account, balance(account));
        }
        return result;
    }

    /** Returns the sum moved in and out of an account, without regard to direction. */
    public long turnover(String account) {
        return entriesOf(account).stream().mapToLong(Entry::amount).sum();
    }

    /** Returns the entry with the largest amount, the earliest made if several have it. */
    public Optional<Entry> largest() {
        return entries.stream().sorted(Comparator.comparingLong(Entry::amount).reversed()).findFirst();
    }

    /** Returns the first entry whose memo contains a text, or null if there is none. */
    public Entry find(String text) {
        for (Entry entry : entries) {
            if (entry.memo().contains(text)) {
                return entry;
            }
        }
        return null;
    }

    /** Tells whether an account exists and its balance is zero. */
    public boolean isSettled(String account) {
        return accounts().contains(account) && balance(account) == 0;
    }
}
