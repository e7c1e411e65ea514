package tessera.math;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.*;
import static org.junit.Assert.assertThrows;

import java.util.List;
import java.util.Optional;
import org.junit.Test;

public class IntervalTest {

    private static Interval span(int start, int end) {
        return new Interval(start, end);
    }

    @Test
    public void startIsIncludedAndEndIsNot() {
        Interval digits = span(0, 10);
        assertThat(digits.contains(0), is(true));
        assertThat(digits.contains(9), is(true));
        assertThat(digits.contains(10), is(false));
        assertThat(digits.contains(-1), is(false));
    }

    @Test
    public void closedIncludesTheLastValue() {
        Interval week = Interval.closed(1, 7);
        assertThat(week.end(), is(8));
        assertThat(week.length(), is(7));
        assertThat(week, equalTo(span(1, 8)));
        assertThat(Interval.closed(5, 5).length(), equalTo(1));
    }

    @Test
    public void reversedBoundsAreRejected() {
        var e = assertThrows(IllegalArgumentException.class, () -> span(4, 2));
        assertThat(e.getMessage(), containsString("end 2 is before start 4"));
        assertThrows(ArithmeticException.class, () -> Interval.closed(0, Integer.MAX_VALUE));
    }

    @Test
    public void parseReadsWhatToStringWrites() {
        assertThat(Interval.parse("[3, 8)"), is(span(3, 8)));
        assertThat(Interval.parse("[-2,4)"), is(span(-2, 4)));
        assertThat(Interval.parse(span(0, 99).toString()), equalTo(span(0, 99)));
        assertThat(span(6, 9), hasToString("[6, 9)"));
    }

    @Test
    public void parseRejectsOtherBrackets() {
        assertThrows(IllegalArgumentException.class, () -> Interval.parse("(3, 8)"));
        assertThrows(IllegalArgumentException.class, () -> Interval.parse("[3, 8]"));
        assertThrows(IllegalArgumentException.class, () -> Interval.parse("3"));
    }

    @Test
    public void enclosesNeedsBothEnds() {
        Interval outer = span(10, 20);
        assertThat("middle", outer.encloses(span(12, 15)));
        assertThat("itself", outer.encloses(outer));
        assertThat("empty", outer.encloses(span(99, 99)));
        assertThat(outer.encloses(span(12, 21)), is(not(true)));
    }

    @Test
    public void neighboursTouchButDoNotOverlap() {
        Interval left = span(0, 5);
        Interval right = span(5, 9);
        assertThat(left.touches(right), is(true));
        assertThat(right.touches(left), is(true));
        assertThat(left.overlaps(right), is(false));
        assertThat(left.overlaps(span(4, 6)), is(true));
    }

    @Test
    public void intersectReturnsTheCommonPart() {
        Interval base = span(0, 10);
        assertThat(base.intersect(span(5, 15)), is(Optional.of(span(5, 10))));
        assertThat(base.intersect(span(-5, 2)), is(Optional.of(span(0, 2))));
        assertThat(base.intersect(span(10, 12)), is(Optional.empty()));
        assertThat(base.intersect(base).orElseThrow(), equalTo(base));
    }

    @Test
    public void spanCoversTheGap() {
        Interval low = span(1, 3);
        assertThat(low.span(span(7, 9)), is(span(1, 9)));
        assertThat(low.span(span(-4, 2)), is(span(-4, 3)));
        assertThat(low.span(span(50, 50)), is(sameInstance(low)));
        assertThat(span(50, 50).span(low), is(sameInstance(low)));
    }

    @Test
    public void minusLeavesUpToTwoParts() {
        Interval base = span(0, 10);
        assertThat(base.minus(span(3, 6)), contains(span(0, 3), span(6, 10)));
        assertThat(base.minus(span(-2, 6)), contains(span(6, 10)));
        assertThat(base.minus(span(0, 10)), is(empty()));
        assertThat(base.minus(span(40, 50)), is(List.of(base)));
    }

    @Test
    public void shiftMovesBothEnds() {
        Interval base = span(2, 6);
        assertThat(base.shift(3), is(span(5, 9)));
        assertThat(base.shift(-2).start(), is(0));
        assertThat(base.shift(0), sameInstance(base));
    }

    @Test
    public void clampReturnsTheNearestValue() {
        Interval percent = Interval.closed(0, 100);
        assertThat(percent.clamp(42), is(42));
        assertThat(percent.clamp(-7), is(0));
        assertThat(percent.clamp(250), is(lessThanOrEqualTo(100)));
        assertThrows(IllegalStateException.class, () -> span(1, 1).clamp(1));
    }

    @Test
    public void chunksHaveEqualSizeExceptTheLast() {
        List<Interval> chunks = span(0, 7).chunks(3);
        assertThat(chunks, hasSize(3));
        assertThat(chunks, contains(span(0, 3), span(3, 6), span(6, 7)));
        assertThat(span(5, 5).chunks(2), is(empty()));
        assertThat(span(0, 2).chunks(8), hasItem(span(0, 2)));
        assertThrows(IllegalArgumentException.class, () -> span(0, 2).chunks(0));
    }

    @Test
    public void toArrayListsTheValues() {
        assertThat(span(3, 6).toArray(), is(new int[] {3, 4, 5}));
        assertThat(span(-1, 1).toArray(), is(new int[] {-1, 0}));
        assertThat(span(8, 8).toArray().length, is(0));
    }

    @Test
    public void orderIsByStartAndThenByEnd() {
        assertThat(span(1, 9).compareTo(span(2, 3)), is(lessThan(0)));
        assertThat(span(2, 9).compareTo(span(2, 3)), is(greaterThan(0)));
        assertThat(span(2, 3), comparesEqualTo(span(2, 3)));
    }
}
