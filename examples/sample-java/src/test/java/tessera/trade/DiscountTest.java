package tessera.trade;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNotNull;
import static org.junit.Assert.assertNotSame;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertSame;
import static org.junit.Assert.assertTrue;
import static org.junit.Assert.fail;

import java.util.Arrays;
import java.util.List;
import org.junit.Test;

public class DiscountTest {

    private final Discount tenth = Discount.percent(10);
    private final Discount fiver = Discount.fixed(5_00);

    @Test
    public void percentIsRoundedHalfUp() {
        assertEquals(1_00, tenth.savingOn(10_00));
        assertEquals(1, tenth.savingOn(5));
        assertEquals(0, tenth.savingOn(4));
        assertEquals(10_00 - 1_00, tenth.apply(10_00));
    }

    @Test
    public void fixedNeverExceedsThePrice() {
        assertEquals(15_00, fiver.apply(20_00));
        assertEquals(0, fiver.apply(5_00));
        assertEquals(0, fiver.apply(3_99));
        assertEquals(3_99, fiver.savingOn(3_99));
    }

    @Test
    public void noneChangesNothing() {
        assertEquals(12_34, Discount.NONE.apply(12_34));
        assertFalse(Discount.NONE.appliesTo(12_34));
        assertSame(Discount.NONE, Discount.percent(0));
        assertSame(Discount.NONE, Discount.fixed(0));
    }

    @Test
    public void roundDownReachesAMultiple() {
        Discount wholeEuros = Discount.roundDownTo(1_00);
        assertEquals(17_00L, wholeEuros.apply(17_95));
        assertEquals(17_00L, wholeEuros.apply(17_00));
        assertEquals(0L, wholeEuros.apply(99));
        assertEquals(15_00L, Discount.roundDownTo(5_00).apply(17_95));
    }

    @Test(expected = IllegalArgumentException.class)
    public void percentAboveHundred() {
        Discount.percent(101);
    }

    @Test(expected = IllegalArgumentException.class)
    public void fixedBelowZero() {
        Discount.fixed(-1);
    }

    @Test
    public void negativePriceIsRefused() {
        for (Discount discount : List.of(Discount.NONE, tenth, fiver)) {
            try {
                discount.apply(-1);
                fail("negative price accepted by " + discount);
            } catch (IllegalArgumentException e) {
                assertEquals("negative price: -1", e.getMessage());
            }
        }
    }

    @Test
    public void parseKnowsTwoForms() {
        assertEquals("15%", Discount.parse("15%").label());
        assertEquals("2.50 off", Discount.parse("2.50").label());
        assertSame(Discount.NONE, Discount.parse("0%"));
        assertNotNull(Discount.parse("100%"));
        assertNull(Discount.parse("101%"));
        assertNull(Discount.parse("2.5"));
        assertNull(Discount.parse("half price"));
    }

    @Test
    public void applyAllKeepsTheOrder() {
        assertArrayEquals(new long[] {90, 9_00, 45}, tenth.applyAll(100, 10_00, 50));
        assertArrayEquals(new long[] {0, 1_00}, fiver.applyAll(4_00, 6_00));
        assertArrayEquals(new long[0], fiver.applyAll());
        long[] prices = {7, 8, 9};
        assertNotSame(prices, Discount.NONE.applyAll(prices));
        assertArrayEquals(prices, Discount.NONE.applyAll(prices));
    }

    @Test
    public void shareOfThePrice() {
        assertEquals(0.1, tenth.shareOf(50_00), 1e-9);
        assertEquals(0.25, fiver.shareOf(20_00), 1e-9);
        assertEquals("all of it", 1.0, fiver.shareOf(1_00), 0.0);
        assertEquals("no price, no share", 0.0, fiver.shareOf(0), 0.0);
    }

    @Test
    public void thenAppliesToWhatIsLeft() {
        assertEquals(90_00 - 5_00, tenth.then(fiver).apply(100_00));
        assertEquals(95_00 - 9_50, fiver.then(tenth).apply(100_00));
        assertEquals(81_00, tenth.then(tenth).apply(100_00));
        assertEquals("10%, then 5.00 off", tenth.then(fiver).label());
    }

    @Test
    public void thenSkipsNone() {
        assertSame(tenth, tenth.then(Discount.NONE));
        assertSame(fiver, Discount.NONE.then(fiver));
        assertSame(Discount.NONE, Discount.NONE.then(Discount.NONE));
        assertNotSame(tenth, tenth.then(fiver));
    }

    @Test
    public void upToLimitsTheSaving() {
        Discount capped = tenth.upTo(3_00);
        assertEquals(2_00, capped.savingOn(20_00));
        assertEquals(3_00, capped.savingOn(50_00));
        assertEquals(47_00, (int) capped.apply(50_00));
        assertEquals(18_00, (int) capped.apply(20_00));
        assertEquals("10%, at most 3.00", capped.label());
    }

    @Test
    public void fromNeedsAMinimum() {
        Discount large = fiver.from(30_00);
        assertEquals(0, large.savingOn(29_99));
        assertEquals(5_00, large.savingOn(30_00));
        assertFalse("just below", large.appliesTo(29_99));
        assertTrue("just reached", large.appliesTo(30_00));
        assertEquals("5.00 off from 30.00", large.label());
    }

    @Test
    public void bestDependsOnThePrice() {
        List<Discount> offers = Arrays.asList(tenth, fiver);
        assertSame(fiver, Discount.best(20_00, offers));
        assertSame(tenth, Discount.best(80_00, offers));
        assertSame("first of equals", tenth, Discount.best(50_00, offers));
        assertSame("nothing to save", Discount.NONE, Discount.best(0, offers));
        assertSame("no offers", Discount.NONE, Discount.best(50_00, List.of()));
    }

    @Test
    public void everyNthPieceIsFree() {
        assertEquals(2 * 4_00, Discount.totalWithFree(3, 4_00, 3));
        assertEquals(5 * 4_00, Discount.totalWithFree(7, 4_00, 3));
        assertEquals(2 * 4_00, Discount.totalWithFree(2, 4_00, 3));
        assertEquals(0L, Discount.totalWithFree(6, 1_50, 1));
    }

    @Test
    public void textShowsTheLabel() {
        assertEquals("Discount[10%]", tenth.toString());
        assertEquals("Discount[no discount]", Discount.NONE.toString());
        assertEquals("Discount[0.05 off]", String.valueOf(Discount.fixed(5)));
        assertEquals("down to 0.50", Discount.roundDownTo(50).label());
    }
}
