package tessera.math;

import static org.junit.Assert.*;

import java.util.List;
import org.junit.Test;

public class RectangleTest {

    private final Rectangle screen = new Rectangle(0, 0, 640, 480);
    private final Rectangle window = new Rectangle(100, 50, 200, 100);

    @Test
    public void shouldRejectNegativeSizes() {
        assertThrows(IllegalArgumentException.class, () -> new Rectangle(0, 0, -1, 5));
        assertThrows(IllegalArgumentException.class, () -> window.grow(-51));
        assertThrows("square", IllegalArgumentException.class, () -> Rectangle.square(-2));
    }

    @Test
    public void shouldAcceptCornersInAnyOrder() {
        Rectangle expected = new Rectangle(2, 3, 4, 5);
        assertEquals(expected, Rectangle.between(2, 3, 6, 8));
        assertEquals(expected, Rectangle.between(6, 8, 2, 3));
        assertEquals(expected, Rectangle.between(6, 3, 2, 8));
    }

    @Test
    public void shouldDeriveTheFarEdges() {
        assertEquals(300, window.right());
        assertEquals(150, window.bottom());
        assertEquals(window.left() + window.width(), window.right());
    }

    @Test
    public void shouldMeasureAreaAndPerimeter() {
        assertEquals(200 * 100, window.area());
        assertEquals(2 * (200 + 100), window.perimeter());
        assertEquals(10_000_000_000L, Rectangle.square(100_000).area());
        assertEquals(4 * 9, Rectangle.square(9).perimeter());
    }

    @Test
    public void shouldBeEmptyWithoutCells() {
        assertTrue(Rectangle.square(0).isEmpty());
        assertTrue(new Rectangle(5, 5, 0, 9).isEmpty());
        assertTrue(new Rectangle(5, 5, 9, 0).isEmpty());
        assertFalse(window.isEmpty());
    }

    @Test
    public void shouldRecognizeSquares() {
        assertTrue(Rectangle.square(7).isSquare());
        assertTrue(new Rectangle(1, 2, 3, 3).isSquare());
        assertFalse(screen.isSquare());
    }

    @Test
    public void shouldComputeTheAspectRatio() {
        assertEquals(4.0 / 3, screen.aspectRatio(), 1e-6);
        assertEquals(2.0, window.aspectRatio(), 1e-6);
        assertEquals(0.5, window.transpose().aspectRatio(), 1e-6);
        assertEquals(0.0, new Rectangle(0, 0, 10, 0).aspectRatio(), 0.0);
    }

    @Test
    public void shouldContainItsTopLeftCellOnly() {
        assertTrue(window.contains(100, 50));
        assertTrue(window.contains(299, 149));
        assertFalse(window.contains(300, 149));
        assertFalse(window.contains(window.right(), window.top()));
    }

    @Test
    public void shouldContainSmallerRectangles() {
        assertTrue("inside", screen.contains(window));
        assertTrue("itself", screen.contains(screen));
        assertFalse("larger", window.contains(screen));
        assertFalse("sticks out", screen.contains(window.translate(400, 0)));
    }

    @Test
    public void shouldIntersect() {
        Rectangle tile = Rectangle.square(10);
        assertEquals(new Rectangle(6, 7, 4, 3), tile.intersect(new Rectangle(6, 7, 20, 20)));
        assertEquals(tile, tile.intersect(tile.grow(2)));
        assertEquals(window, screen.intersect(window));
    }

    @Test
    public void shouldHaveNoIntersectionWhenApart() {
        Rectangle tile = Rectangle.square(10);
        assertNull(tile.intersect(tile.translate(10, 0)));
        assertNull(tile.intersect(tile.translate(0, -10)));
        assertNotNull(tile.intersect(tile.translate(9, 9)));
        assertNotNull(window.intersect(screen));
    }

    @Test
    public void shouldUniteWithTheSurroundings() {
        Rectangle tile = Rectangle.square(10);
        assertEquals(new Rectangle(0, 0, 30, 10), tile.union(tile.translate(20, 0)));
        assertEquals(new Rectangle(-5, -5, 15, 15), tile.union(tile.translate(-5, -5)));
        assertSame(screen, screen.union(window));
        assertNotSame(screen, window.union(screen));
    }

    @Test
    public void shouldMoveWithoutChangingTheSize() {
        Rectangle moved = window.translate(-100, 25);
        assertEquals(0, moved.left());
        assertEquals(75, moved.top());
        assertEquals(window.area(), moved.area());
        assertEquals(window, moved.translate(100, -25));
    }

    @Test
    public void shouldScaleFromTheCorner() {
        assertEquals(new Rectangle(100, 50, 600, 300), window.scale(3));
        assertSame(window, window.scale(1));
        assertTrue(window.scale(0).isEmpty());
    }

    @Test
    public void shouldGrowOnAllSides() {
        assertEquals(new Rectangle(90, 40, 220, 120), window.grow(10));
        assertEquals(new Rectangle(101, 51, 198, 98), window.grow(-1));
        assertEquals(screen, screen.grow(7).grow(-7));
    }

    @Test
    public void shouldFindTheCenter() {
        assertArrayEquals(new int[] {200, 100}, window.center());
        assertArrayEquals(new int[] {320, 240}, screen.center());
        assertArrayEquals(new int[] {2, 2}, Rectangle.square(5).center());
    }

    @Test
    public void shouldCutIntoColumns() {
        List<Rectangle> parts = new Rectangle(10, 0, 11, 4).columns(3);
        assertEquals(3, parts.size());
        assertEquals(new Rectangle(13, 0, 3, 4), parts.get(1));
        assertEquals("the rest", 5, parts.get(2).width());
        assertEquals(List.of(window), window.columns(1));
        assertThrows(IllegalArgumentException.class, () -> window.columns(201));
    }

    @Test
    public void shouldPrintSizeAndPosition() {
        assertEquals("640x480@0,0", screen.toString());
        assertEquals("100x200@100,50", window.transpose().toString());
        assertNotEquals(window.toString(), window.translate(1, 0).toString());
    }
}
