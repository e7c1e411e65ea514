package tessera.trade;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.aMapWithSize;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.everyItem;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.hasEntry;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThan;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.notNullValue;
import static org.hamcrest.Matchers.nullValue;
import static org.hamcrest.Matchers.sameInstance;
import static org.junit.Assert.assertThrows;

import java.time.LocalDate;
import org.junit.Before;
import org.junit.Test;

public class LedgerTest {

    private static final LocalDate JAN_5 = LocalDate.of(2024, 1, 5);
    private static final LocalDate JAN_9 = LocalDate.of(2024, 1, 9);
    private static final LocalDate FEB_1 = LocalDate.of(2024, 2, 1);

    private Ledger ledger;
    private Ledger.Entry salary;
    private Ledger.Entry rent;

    @Before
    public void postThreeEntries() {
        ledger = new Ledger();
        salary = ledger.post(JAN_5, "bank", "salary", 300_000, "January pay");
        rent = ledger.post(FEB_1, "rent", "bank", 90_000, "flat, February");
        ledger.post(JAN_9, "food", "bank", 4_500, "market");
    }

    @Test
    public void newLedgerIsEmpty() {
        Ledger blank = new Ledger();
        assertThat(blank.size(), is(0));
        assertThat(blank.entries(), is(empty()));
        assertThat(blank.accounts(), is(empty()));
        assertThat(blank.largest().isPresent(), is(false));
    }

    @Test
    public void postReturnsTheEntry() {
        Ledger.Entry entry = ledger.post(FEB_1, "cash", "bank", 2_000, "withdrawal");
        assertThat(entry, equalTo(new Ledger.Entry(FEB_1, "cash", "bank", 2_000, "withdrawal")));
        assertThat(ledger.entries(), hasItem(entry));
        assertThat(ledger.entries().get(3), sameInstance(entry));
    }

    @Test
    public void postRefusesNonsense() {
        assertThrows(IllegalArgumentException.class, () -> ledger.post(JAN_5, "a", "b", 0, "nothing"));
        assertThrows(IllegalArgumentException.class, () -> ledger.post(JAN_5, "a", "a", 10, "in circles"));
        assertThat("nothing was added", ledger.size(), is(3));
    }

    @Test
    public void balancesAreDebitsLessCredits() {
        assertThat(ledger.balance("bank"), is(300_000L - 90_000 - 4_500));
        assertThat(ledger.balance("salary"), is(-300_000L));
        assertThat(ledger.balance("food"), is(4_500L));
        assertThat(ledger.balance("unheard of"), is(0L));
    }

    @Test
    public void balanceOnLooksAtDates() {
        assertThat(ledger.balanceOn("bank", JAN_5.minusDays(1)), is(0L));
        assertThat(ledger.balanceOn("bank", JAN_5), is(300_000L));
        assertThat(ledger.balanceOn("bank", JAN_9), is(295_500L));
        assertThat(ledger.balanceOn("bank", LocalDate.MAX), equalTo(ledger.balance("bank")));
    }

    @Test
    public void runningBalanceFollowsEntryOrder() {
        assertThat(ledger.runningBalance("bank"), is(new long[] {300_000, 210_000, 205_500}));
        assertThat(ledger.runningBalance("rent"), is(new long[] {90_000}));
        assertThat(ledger.runningBalance("nobody").length, is(0));
    }

    @Test
    public void accountsAreSorted() {
        assertThat(ledger.accounts(), contains("bank", "food", "rent", "salary"));
        assertThat(ledger.accounts().first(), is("bank"));
        assertThat(ledger.accounts(), not(hasItem("cash")));
    }

    @Test
    public void entriesOfAnAccount() {
        assertThat(ledger.entriesOf("bank"), hasSize(3));
        assertThat(ledger.entriesOf("food"), hasSize(1));
        assertThat(ledger.entriesOf("rent"), contains(rent));
        assertThat(ledger.entriesOf("nobody"), empty());
    }

    @Test
    public void entriesAreACopy() {
        var before = ledger.entries();
        ledger.post(FEB_1, "food", "bank", 700, "bread");
        assertThat(before, hasSize(3));
        assertThat(ledger.entries(), hasSize(before.size() + 1));
        assertThrows(UnsupportedOperationException.class, () -> ledger.entries().remove(0));
    }

    @Test
    public void trialBalanceAddsUpToZero() {
        assertThat(ledger.trialBalance(), aMapWithSize(4));
        assertThat(ledger.trialBalance(), hasEntry("rent", 90_000L));
        assertThat(ledger.trialBalance(), allOf(hasEntry("food", 4_500L), hasEntry("salary", -300_000L)));
        long sum = ledger.trialBalance().values().stream().mapToLong(Long::longValue).sum();
        assertThat(sum, is(0L));
    }

    @Test
    public void reversalSettlesTheEntry() {
        Ledger.Entry back = ledger.reverse(rent, FEB_1.plusDays(3));
        assertThat(back.debit(), is(rent.credit()));
        assertThat(back.credit(), is(rent.debit()));
        assertThat(back.memo(), is("reversal of flat, February"));
        assertThat(ledger.balance("rent"), is(0L));
        assertThat(ledger.isSettled("rent"), is(true));
    }

    @Test
    public void reversalNeedsAnOwnEntry() {
        Ledger.Entry foreign = new Ledger().post(JAN_5, "bank", "gift", 100, "birthday");
        var error = assertThrows(IllegalArgumentException.class, () -> ledger.reverse(foreign, JAN_9));
        assertThat(error.getMessage(), containsString("birthday"));
    }

    @Test
    public void turnoverIgnoresDirection() {
        assertThat(ledger.turnover("bank"), is(300_000L + 90_000L + 4_500L));
        assertThat(ledger.turnover("bank"), greaterThan(ledger.balance("bank")));
        assertThat(ledger.turnover("food"), lessThan(ledger.turnover("rent")));
    }

    @Test
    public void largestEntryIsTheEarliestOfEquals() {
        assertThat(ledger.largest().get(), sameInstance(salary));
        ledger.post(FEB_1, "bank", "bonus", 300_000, "as much again");
        assertThat(ledger.largest().orElseThrow(), sameInstance(salary));
        ledger.post(FEB_1, "bank", "lottery", 300_001, "one more");
        assertThat(ledger.largest().orElseThrow().memo(), is("one more"));
    }

    @Test
    public void findLooksInsideMemos() {
        assertThat(ledger.find("pay"), sameInstance(salary));
        assertThat(ledger.find("flat"), sameInstance(rent));
        assertThat(ledger.find("market"), notNullValue());
        assertThat(ledger.find("holiday"), nullValue());
    }

    @Test
    public void settledAccountsExistAndAreZero() {
        assertThat("still open", ledger.isSettled("food"), is(false));
        assertThat("does not exist", ledger.isSettled("nobody"), is(false));
        ledger.post(FEB_1, "bank", "food", 4_500, "refund");
        assertThat("refunded", ledger.isSettled("food"), is(true));
    }

    @Test
    public void entriesKnowTheAccountsTheyTouch() {
        assertThat(rent.touches("bank"), is(true));
        assertThat(rent.touches("salary"), is(false));
        assertThat(rent.effectOn("rent"), is(90_000L));
        assertThat(rent.effectOn("bank"), is(-90_000L));
        var touched = ledger.entries().stream().map(entry -> entry.touches("bank")).toList();
        assertThat(touched, everyItem(is(true)));
    }
}
