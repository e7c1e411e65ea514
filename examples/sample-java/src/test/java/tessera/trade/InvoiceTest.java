package tessera.trade;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNotNull;
import static org.junit.Assert.assertNotSame;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertSame;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import java.time.LocalDate;
import java.time.Month;
import java.util.Map;
import org.junit.Test;

public class InvoiceTest {

    private static final LocalDate ISSUED = LocalDate.of(2024, Month.MARCH, 1);

    private static Invoice officeInvoice() {
        return new Invoice("A-17", ISSUED, 14)
            .add("desk", 1, 20_000, 19)
            .add("lamp", 2, 2_500, 19)
            .add("book", 3, 1_000, 7);
    }

    @Test
    public void emptyInvoiceOwesNothing() {
        Invoice invoice = new Invoice("A-1", ISSUED, 30);
        assertEquals("subtotal", 0L, invoice.subtotal());
        assertEquals("tax", 0L, invoice.tax());
        assertEquals("total", 0L, invoice.total());
        assertEquals("status", Invoice.Status.EMPTY, invoice.status());
    }

    @Test
    public void subtotalMultipliesQuantities() {
        assertEquals("desk + 2 lamps + 3 books", 20_000 + 2 * 2_500 + 3 * 1_000, officeInvoice().subtotal());
        assertEquals("one more lamp", 30_500, officeInvoice().add("lamp", 1, 2_500, 19).subtotal());
        assertEquals("a free item", 28_000, officeInvoice().add("pen", 10, 0, 19).subtotal());
    }

    @Test
    public void taxIsGroupedByRate() {
        Invoice invoice = officeInvoice();
        assertEquals("rates", Map.of(7, 210L, 19, 4_750L), invoice.taxByRate());
        assertEquals("lowest rate", Integer.valueOf(7), invoice.taxByRate().firstKey());
        assertEquals("highest rate", Integer.valueOf(19), invoice.taxByRate().lastKey());
        assertEquals("sum of taxes", 210 + 4_750, invoice.tax());
    }

    @Test
    public void taxIsRoundedHalfUpPerRate() {
        assertEquals("0.5 up", 1, new Invoice("R", ISSUED, 0).add("x", 1, 5, 10).tax());
        assertEquals("0.4 down", 0, new Invoice("R", ISSUED, 0).add("x", 1, 4, 10).tax());
        assertEquals("0.4 twice is 0.8", 1, new Invoice("R", ISSUED, 0).add("x", 2, 4, 10).tax());
    }

    @Test
    public void totalIsSubtotalPlusTax() {
        Invoice invoice = officeInvoice();
        assertEquals("total", invoice.subtotal() + invoice.tax(), invoice.total());
        assertEquals("in cents", 32_960L, invoice.total());
        invoice.remove("desk");
        assertEquals("without the desk", 5_000 + 950 + 3_000 + 210, invoice.total());
    }

    @Test
    public void linesAreFoundWithoutRegardToCase() {
        Invoice invoice = officeInvoice();
        assertNotNull("exact", invoice.find("lamp"));
        assertNotNull("upper case", invoice.find("LAMP"));
        assertNull("missing", invoice.find("chair"));
        assertSame("second line", invoice.lines().get(1), invoice.find("Lamp"));
    }

    @Test
    public void lineKnowsItsNetPrice() {
        Invoice invoice = officeInvoice();
        assertEquals(5_000, invoice.find("lamp").net());
        assertEquals(3_000, invoice.find("book").net());
        assertEquals(new Invoice.Line("book", 3, 1_000, 7), invoice.find("book"));
    }

    @Test
    public void removedLinesAreGone() {
        Invoice invoice = officeInvoice();
        assertEquals("the removed line", 19, invoice.remove("desk").taxPercent());
        assertNull("already removed", invoice.remove("desk"));
        assertEquals("lines left", 2, invoice.lines().size());
        assertNull("never there", invoice.remove("chair"));
    }

    @Test
    public void linesCannotBeChangedFromOutside() {
        Invoice invoice = officeInvoice();
        assertThrows("clear", UnsupportedOperationException.class, () -> invoice.lines().clear());
        var before = invoice.lines();
        invoice.add("chair", 4, 8_000, 19);
        assertEquals("old copy", 3, before.size());
        assertNotSame("new copy", before, invoice.lines());
    }

    @Test
    public void badLinesAreRefused() {
        Invoice invoice = officeInvoice();
        assertThrows("no pieces", IllegalArgumentException.class, () -> invoice.add("desk", 0, 100, 19));
        assertThrows("minus one", IllegalArgumentException.class, () -> invoice.add("desk", -1, 100, 19));
        assertThrows("tax below zero", IllegalArgumentException.class, () -> invoice.add("desk", 1, 100, -7));
        assertThrows("term", IllegalArgumentException.class, () -> new Invoice("A-2", ISSUED, -1));
    }

    @Test
    public void paymentsReduceTheBalance() {
        Invoice invoice = officeInvoice();
        assertEquals("nothing too much", 0L, invoice.pay(10_000));
        assertEquals("balance", 22_960L, invoice.balance());
        assertEquals("second payment", 0L, invoice.pay(22_000));
        assertEquals("balance", 960L, invoice.balance());
        assertEquals("too much", 40L, invoice.pay(1_000));
        assertEquals("balance", 0L, invoice.balance());
    }

    @Test
    public void paymentsMustBePositive() {
        Invoice invoice = officeInvoice();
        assertThrows(IllegalArgumentException.class, () -> invoice.pay(0));
        assertThrows(IllegalArgumentException.class, () -> invoice.pay(-960));
        assertEquals("still unpaid", invoice.total(), invoice.balance());
    }

    @Test
    public void statusFollowsPayments() {
        Invoice invoice = officeInvoice();
        assertEquals(Invoice.Status.OPEN, invoice.status());
        invoice.pay(1);
        assertEquals(Invoice.Status.PARTLY_PAID, invoice.status());
        invoice.pay(invoice.balance());
        assertEquals(Invoice.Status.PAID, invoice.status());
    }

    @Test
    public void dueDateAddsTheTerm() {
        assertEquals("two weeks", LocalDate.of(2024, 3, 15), officeInvoice().dueDate());
        assertEquals("at once", ISSUED, new Invoice("B", ISSUED, 0).dueDate());
        assertEquals("next month", Month.APRIL, new Invoice("B", ISSUED, 31).dueDate().getMonth());
    }

    @Test
    public void overdueOnlyAfterTheDueDateAndUnpaid() {
        Invoice invoice = officeInvoice();
        assertFalse("on the due date", invoice.isOverdue(invoice.dueDate()));
        assertTrue("the day after", invoice.isOverdue(invoice.dueDate().plusDays(1)));
        assertEquals("a week late", 7, invoice.daysLate(invoice.dueDate().plusWeeks(1)));
        assertEquals("not late", 0, invoice.daysLate(ISSUED));
        invoice.pay(invoice.total());
        assertFalse("paid", invoice.isOverdue(invoice.dueDate().plusDays(1)));
        assertEquals("paid", 0, invoice.daysLate(LocalDate.MAX));
    }

    @Test
    public void textNamesNumberLinesAndStatus() {
        Invoice invoice = new Invoice("C-9", ISSUED, 7);
        assertEquals("no lines", "Invoice C-9 (0 lines, EMPTY)", invoice.toString());
        invoice.add("stamp", 1, 85, 0);
        assertEquals("one line", "Invoice C-9 (1 line, OPEN)", invoice.toString());
        assertEquals("C-9", invoice.number());
    }
}
