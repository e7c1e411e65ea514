package tessera.math;

import static org.junit.Assert.*;

import java.util.Arrays;
import java.util.List;
import org.junit.Before;
import org.junit.Test;

public class PermutationTest {

    private Permutation cycle;
    private Permutation swap;

    @Before
    public void setUp() {
        cycle = Permutation.of(1, 2, 0);
        swap = Permutation.swap(3, 0, 2);
    }

    private static int[] ints(int... values) {
        return values;
    }

    @Test
    public void testOfKeepsImages() {
        assertArrayEquals(new int[] {1, 2, 0}, cycle.toArray());
        assertArrayEquals(new int[] {2, 1, 0}, swap.toArray());
        assertArrayEquals(new int[] {}, Permutation.of().toArray());
    }

    @Test
    public void testOfRejectsRepeatedImage() {
        try {
            Permutation.of(0, 1, 1);
            fail("1 is used twice");
        } catch (IllegalArgumentException e) {
            assertEquals("not a permutation: [0, 1, 1]", e.getMessage());
        }
    }

    @Test
    public void testOfRejectsImageOutOfRange() {
        try {
            Permutation.of(0, 3, 1);
            fail("3 is out of range");
        } catch (IllegalArgumentException e) {
            assertTrue(e.getMessage().contains("[0, 3, 1]"));
        }
        assertThrows(IllegalArgumentException.class, () -> Permutation.of(-1, 0));
    }

    @Test
    public void testOfCopiesItsArgument() {
        int[] images = {1, 0};
        Permutation p = Permutation.of(images);
        images[0] = 0;
        assertEquals(1, p.apply(0));
        assertNotSame(images, p.toArray());
        assertNotSame(p.toArray(), p.toArray());
    }

    @Test
    public void testIdentity() {
        Permutation id = Permutation.identity(4);
        assertEquals(4, id.size());
        assertTrue(id.isIdentity());
        assertArrayEquals(ints(0, 1, 2, 3), id.toArray());
        assertFalse(cycle.isIdentity());
        assertFalse(swap.isIdentity());
    }

    @Test
    public void testRotation() {
        assertEquals(cycle, Permutation.rotation(3, 1));
        assertEquals(cycle, Permutation.rotation(3, -2));
        assertArrayEquals(ints(3, 0, 1, 2), Permutation.rotation(4, 3).toArray());
        assertTrue(Permutation.rotation(5, 10).isIdentity());
    }

    @Test
    public void testApply() {
        assertEquals(2, cycle.apply(1));
        assertEquals(0, cycle.apply(2));
        assertEquals(0, cycle.apply(cycle.apply(cycle.apply(0))));
        assertThrows(ArrayIndexOutOfBoundsException.class, () -> cycle.apply(3));
    }

    @Test
    public void testPermuteMovesItemsToTheirImages() {
        List<String> letters = List.of("a", "b", "c");
        assertEquals(List.of("c", "a", "b"), cycle.permute(letters));
        assertEquals(List.of("c", "b", "a"), swap.permute(letters));
        assertEquals(letters, Permutation.identity(3).permute(letters));
        assertNotSame(letters, Permutation.identity(3).permute(letters));
    }

    @Test
    public void testPermuteNeedsMatchingSize() {
        List<Integer> numbers = Arrays.asList(7, 8);
        Exception e = assertThrows(IllegalArgumentException.class, () -> cycle.permute(numbers));
        assertEquals("expected 3 items, got 2", e.getMessage());
    }

    @Test
    public void testThenAppliesLeftToRight() {
        assertArrayEquals(ints(1, 0, 2), cycle.then(swap).toArray());
        assertArrayEquals(ints(0, 2, 1), swap.then(cycle).toArray());
        assertTrue(swap.then(swap).isIdentity());
        assertThrows(IllegalArgumentException.class, () -> swap.then(Permutation.identity(2)));
    }

    @Test
    public void testInverseUndoes() {
        assertEquals(Permutation.of(2, 0, 1), cycle.inverse());
        assertEquals(swap, swap.inverse());
        assertEquals(cycle, cycle.inverse().inverse());
        assertTrue(cycle.then(cycle.inverse()).isIdentity());
    }

    @Test
    public void testFixedPoints() {
        assertArrayEquals(ints(1), swap.fixedPoints());
        assertArrayEquals(ints(), cycle.fixedPoints());
        assertArrayEquals(ints(0, 3), Permutation.swap(4, 1, 2).fixedPoints());
        assertEquals(5, Permutation.identity(5).fixedPoints().length);
    }

    @Test
    public void testCycles() {
        assertEquals(List.of(List.of(0, 1, 2)), cycle.cycles());
        assertEquals(List.of(List.of(0, 2)), swap.cycles());
        assertEquals(List.of(List.of(0, 3), List.of(1, 2)), Permutation.of(3, 2, 1, 0).cycles());
        assertTrue(Permutation.identity(2).cycles().isEmpty());
    }

    @Test
    public void testParity() {
        assertTrue(cycle.isEven());
        assertFalse(swap.isEven());
        assertTrue(Permutation.identity(1).isEven());
        assertFalse(Permutation.rotation(4, 1).isEven());
    }

    @Test
    public void testEqualsHashCodeToString() {
        assertEquals(cycle.hashCode(), Permutation.of(1, 2, 0).hashCode());
        assertNotEquals(cycle, swap);
        assertNotEquals(cycle, Arrays.asList(1, 2, 0));
        assertEquals("[1, 2, 0]", cycle.toString());
    }
}
