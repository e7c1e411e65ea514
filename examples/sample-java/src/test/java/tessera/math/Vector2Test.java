package tessera.math;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNotEquals;
import static org.junit.Assert.assertNotSame;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertSame;
import static org.junit.Assert.assertTrue;
import static org.junit.Assert.fail;

import org.junit.Test;

public class Vector2Test {

    private static Vector2 v(double x, double y) {
        return new Vector2(x, y);
    }

    @Test
    public void parsesTwoNumbers() {
        assertEquals(v(1, 2), Vector2.parse("1,2"));
        assertEquals(v(-0.5, 4), Vector2.parse(" -0.5 , 4 "));
        assertNull(Vector2.parse("  "));
        assertNull(Vector2.parse(null));
    }

    @Test(expected = IllegalArgumentException.class)
    public void parseRejectsThreeNumbers() {
        Vector2.parse("1,2,3");
    }

    @Test(expected = NumberFormatException.class)
    public void parseRejectsLetters() {
        Vector2.parse("a,b");
    }

    @Test
    public void addsAndSubtracts() {
        Vector2 a = v(1, 2);
        Vector2 b = v(10, 20);
        assertEquals(v(11, 22), a.plus(b));
        assertEquals(v(-9, -18), a.minus(b));
        assertEquals(a, a.plus(b).minus(b));
        assertEquals(Vector2.ZERO, a.minus(a));
    }

    @Test
    public void scales() {
        assertEquals(v(3, -6), v(1, -2).scale(3));
        assertEquals(v(0.5, -1), v(1, -2).scale(0.5));
        assertEquals(Vector2.UP, v(0, 4).scale(0.25));
    }

    @Test
    public void negates() {
        assertEquals(v(-1, 2), v(1, -2).negate());
        assertEquals(Vector2.ZERO, Vector2.ZERO.negate());
        assertNotEquals(Vector2.UP, Vector2.UP.negate());
    }

    @Test
    public void turnsLeft() {
        assertEquals(Vector2.UP, Vector2.RIGHT.perpendicular());
        assertEquals(v(-3, 7), v(7, 3).perpendicular());
        assertEquals(v(7, 3).negate(), v(7, 3).perpendicular().perpendicular());
    }

    @Test
    public void rotatesByRadians() {
        Vector2 turned = v(2, 0).rotate(Math.PI / 2);
        assertEquals(0, turned.x(), 1e-9);
        assertEquals(2, turned.y(), 1e-9);
        assertEquals(-5, v(5, 1).rotate(Math.PI).x(), 1e-9);
        assertEquals(v(3, 4).length(), v(3, 4).rotate(1.234).length(), 1e-9);
    }

    @Test
    public void dotProduct() {
        assertEquals(1 * 3 + 2 * 4, v(1, 2).dot(v(3, 4)), 0);
        assertEquals(0, Vector2.UP.dot(Vector2.RIGHT), 0);
        assertEquals(-25, v(3, 4).dot(v(-3, -4)), 0);
    }

    @Test
    public void crossProduct() {
        assertEquals(1 * 4 - 2 * 3, v(1, 2).cross(v(3, 4)), 0);
        assertEquals(1, Vector2.RIGHT.cross(Vector2.UP), 0);
        assertEquals(-1, Vector2.UP.cross(Vector2.RIGHT), 0);
    }

    @Test
    public void lengthAndDistance() {
        assertEquals(5, v(3, -4).length(), 1e-9);
        assertEquals(13, v(1, 1).distanceTo(v(6, 13)), 1e-9);
        assertEquals(Math.sqrt(2), Vector2.UP.distanceTo(Vector2.RIGHT), 1e-9);
        assertEquals(5 + 12, v(1, 1).gridDistanceTo(v(6, 13)), 1e-9);
    }

    @Test
    public void normalizeKeepsTheDirection() {
        Vector2 unit = v(3, 4).normalize();
        assertEquals(0.6, unit.x(), 1e-9);
        assertEquals(0.8, unit.y(), 1e-9);
        assertEquals(1, v(-70, 0.1).normalize().length(), 1e-9);
        assertEquals(Vector2.RIGHT, v(8, 0).normalize());
    }

    @Test
    public void zeroCannotBeNormalized() {
        try {
            Vector2.ZERO.normalize();
            fail("expected an exception");
        } catch (ArithmeticException expected) {
            assertEquals("the zero vector has no direction", expected.getMessage());
        }
    }

    @Test
    public void limitShortensLongVectorsOnly() {
        Vector2 a = v(6, 8);
        assertSame(a, a.limit(10));
        assertSame(a, a.limit(99.9));
        assertNotSame(a, a.limit(5));
        assertEquals(5, a.limit(5).length(), 1e-9);
    }

    @Test
    public void lerpInterpolates() {
        Vector2 from = v(0, 10);
        Vector2 to = v(4, 30);
        assertEquals(from, from.lerp(to, 0));
        assertEquals(to, from.lerp(to, 1));
        assertEquals(v(2, 20), from.lerp(to, 0.5));
        assertEquals(v(1, 15), from.lerp(to, 0.25));
    }

    @Test
    public void projectionOntoAnAxis() {
        assertEquals(v(3, 0), v(3, 4).projectOnto(Vector2.RIGHT));
        assertEquals(v(0, 4), v(3, 4).projectOnto(v(0, 0.5)));
        assertEquals(v(2, 2), v(4, 0).projectOnto(v(1, 1)));
    }

    @Test
    public void parallelVectors() {
        assertTrue(v(1, 2).isParallelTo(v(2, 4)));
        assertTrue(v(1, 2).isParallelTo(v(-3, -6)));
        assertFalse(v(1, 2).isParallelTo(v(2, 1)));
    }

    @Test
    public void textAndArray() {
        assertArrayEquals(new double[] {1.5, -2}, v(1.5, -2).toArray(), 0);
        assertArrayEquals(new double[2], Vector2.ZERO.toArray(), 0);
        assertEquals("(1.5, -2.0)", v(1.5, -2).toString());
    }
}
