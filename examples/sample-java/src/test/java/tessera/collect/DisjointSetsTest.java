package tessera.collect;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThan;
import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNotEquals;
import static org.junit.Assert.assertNotSame;
import static org.junit.Assert.assertTrue;

import java.util.List;
import org.junit.Test;

public class DisjointSetsTest {
    private static DisjointSets merged(int length, int[]... pairs) {
        DisjointSets sets = new DisjointSets(length);
        for (int[] pair : pairs) {
            sets.union(pair[0], pair[1]);
        }
        return sets;
    }

    private static int[] ints(int... values) {
        return values;
    }

    @Test
    public void everyElementStartsAlone() {
        DisjointSets sets = new DisjointSets(4);
        assertEquals("groups", 4, sets.groupCount());
        assertEquals("largest", 1, sets.largestGroupSize());
        assertFalse("0 and 1", sets.connected(0, 1));
        assertTrue("2 and itself", sets.connected(2, 2));
    }

    @Test
    public void unionReportsWhetherItMerged() {
        DisjointSets sets = new DisjointSets(5);
        assertTrue("apart", sets.union(0, 1));
        assertFalse("already together", sets.union(1, 0));
        assertTrue("another pair", sets.union(3, 4));
        assertTrue("two pairs", sets.union(0, 4));
        assertFalse("together through others", sets.union(1, 3));
    }

    @Test
    public void unionLowersTheGroupCount() {
        assertEquals(5 - 1, merged(5, ints(0, 1)).groupCount());
        assertEquals(5 - 2, merged(5, ints(0, 1), ints(3, 4)).groupCount());
        assertEquals(5 - 2, merged(5, ints(0, 1), ints(1, 2), ints(2, 0)).groupCount());
        assertNotEquals(5, merged(5, ints(4, 2)).groupCount());
    }

    @Test
    public void connectionIsTransitive() {
        DisjointSets sets = merged(6, ints(0, 1), ints(1, 2), ints(4, 5));
        assertTrue("0 - 1 - 2", sets.connected(0, 2));
        assertTrue("5 - 4", sets.connected(5, 4));
        assertFalse("other group", sets.connected(2, 4));
        assertFalse("lonely element", sets.connected(3, 0));
    }

    @Test
    public void unionAllCountsMerges() {
        DisjointSets sets = new DisjointSets(10);
        assertEquals(3, sets.unionAll(2, 4, 6, 8));
        assertEquals(1, sets.unionAll(2, 4, 10 - 1));
        assertEquals(0, sets.unionAll(8, 9));
        assertEquals(0, sets.unionAll());
    }

    @Test
    public void groupSizeIsSharedByAllMembers() {
        DisjointSets sets = merged(7, ints(1, 3), ints(3, 5));
        for (int member : ints(1, 3, 5)) {
            assertEquals("size at " + member, 3, sets.groupSize(member));
        }
        assertEquals("size at 0", 1, sets.groupSize(0));
        assertThat(sets.groupSize(3), is(sets.largestGroupSize()));
    }

    @Test
    public void largestGroupSize() {
        assertEquals(0, new DisjointSets(0).largestGroupSize());
        assertEquals(2, merged(4, ints(1, 2)).largestGroupSize());
        assertEquals(4, merged(4, ints(1, 2), ints(0, 3), ints(0, 1)).largestGroupSize());
        assertThat(merged(9, ints(7, 8)).largestGroupSize(), is(2));
    }

    @Test
    public void membersAreSorted() {
        DisjointSets sets = merged(6, ints(5, 2), ints(2, 0));
        assertArrayEquals(new int[] {0, 2, 5}, sets.members(5));
        assertArrayEquals(new int[] {0, 2, 5}, sets.members(0));
        assertArrayEquals(new int[] {3}, sets.members(3));
        assertEquals(sets.groupSize(2), sets.members(2).length);
    }

    @Test
    public void labelsAreTheSmallestMembers() {
        assertArrayEquals("all alone", ints(0, 1, 2), new DisjointSets(3).labels());
        assertArrayEquals("ends joined", ints(0, 1, 0), merged(3, ints(2, 0)).labels());
        assertArrayEquals("pairs", ints(0, 1, 1, 0), merged(4, ints(3, 0), ints(2, 1)).labels());
    }

    @Test
    public void groupsComeByTheirSmallestMember() {
        DisjointSets sets = merged(5, ints(4, 1), ints(3, 0));
        assertEquals(List.of(0, 3), sets.groups().get(0));
        assertEquals(List.of(1, 4), sets.groups().get(1));
        assertEquals(List.of(2), sets.groups().get(2));
        assertEquals(sets.groupCount(), sets.groups().size());
    }

    @Test
    public void copyIsIndependent() {
        DisjointSets original = merged(3, ints(0, 1));
        DisjointSets copy = original.copy();
        assertNotSame(original, copy);
        assertTrue(copy.union(1, 2));
        assertEquals("copy", 1, copy.groupCount());
        assertEquals("original", 2, original.groupCount());
        assertFalse(original.connected(1, 2));
    }

    @Test(expected = IndexOutOfBoundsException.class)
    public void elementPastTheEndIsRejected() {
        new DisjointSets(3).union(0, 3);
    }

    @Test(expected = IndexOutOfBoundsException.class)
    public void negativeElementIsRejected() {
        new DisjointSets(3).connected(-1, 0);
    }

    @Test
    public void lengthNeverChanges() {
        assertEquals(12, new DisjointSets(12).length());
        assertEquals(6, merged(6, ints(0, 1), ints(2, 3)).length());
        assertThat(merged(6, ints(0, 1)).groupCount(), allOf(greaterThan(0), lessThan(6)));
    }

    @Test
    public void textListsTheGroups() {
        assertEquals("[[0, 2], [1]]", merged(3, ints(0, 2)).toString());
        assertEquals("[[0], [1]]", new DisjointSets(2).toString());
        assertEquals("[]", new DisjointSets(0).toString());
    }
}
