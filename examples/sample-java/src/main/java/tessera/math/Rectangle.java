package tessera.math;

import java.util.ArrayList;
import java.util.List;

/** A rectangle on an integer grid: left and top edges are included, right and bottom ones are not. */
public record Rectangle(int left, int top, int width, int height) {

    /** Checks that neither side is negative. */
    public Rectangle {
        if (width < 0 || height < 0) {
            throw new IllegalArgumentException("negative size: " + width + "x" + height);
        }
    }

    /** Returns the rectangle between two opposite corners, given in any order. */
    public static Rectangle between(int x1, int y1, int x2, int y2) {
        return new Rectangle(Math.min(x1, x2), Math.min(y1, y2), Math.abs(x1 - x2), Math.abs(y1 - y2));
    }

    /** Returns the square with its corner at the origin. */
    public static Rectangle square(int side) {
        return new Rectangle(0, 0, side, side);
    }

    /** Returns the x coordinate just past the right edge. */
    public int right() {
        return left + width;
    }

    /** Returns the y coordinate just past the bottom edge. */
    public int bottom() {
        return top + height;
    }

    /** Returns the number of cells. */
    public long area() {
        return (long) width * height;
    }

    /** Returns the length of all four sides together. */
    public int perimeter() {
        return 2 * (width + height);
    }

    /** Returns true if the rectangle has no cells. */
    public boolean isEmpty() {
        return width == 0 || height == 0;
    }

    /** Returns true if both sides have the same length. */
    public boolean isSquare() {
        return width == height;
    }

    /** Returns width divided by height, or zero for a rectangle without height. */
    public double aspectRatio() {
        return height == 0 ? 0 : (double) width / height;
    }

    /** Returns true if the cell lies inside. */
    public boolean contains(int x, int y) {
        return x >= left && x < right() && y >= top && y < bottom();
    }

    /** Returns true if the other rectangle lies inside or is the same. */
    public boolean contains(Rectangle other) {
        return left <= other.left && top <= other.top
                && other.right() <= right() && other.bottom() <= bottom();
    }

    /** Returns the common cells of both rectangles, or null if there are none. */
    public Rectangle intersect(Rectangle other) {
        int x1 = Math.max(left, other.left);
        int y1 = Math.max(top, other.top);
        int x2 = Math.min(right(), other.right());
        int y2 = Math.min(bottom(), other.bottom());
        return x1 < x2 && y1 < y2 ? between(x1, y1, x2, y2) : null;
    }

    /** Returns the smallest rectangle that contains both. */
    public Rectangle union(Rectangle other) {
        if (contains(other)) {
            return this;
        }
        return between(
                Math.min(left, other.left), Math.min(top, other.top),
                Math.max(right(), other.right()), Math.max(bottom(), other.bottom()));
    }

    /** Returns the rectangle moved by the given distances. */
    public Rectangle translate(int dx, int dy) {
        return new Rectangle(left + dx, top + dy, width, height);
    }

    /** Returns the rectangle with its corner in place and both sides multiplied by the factor. */
    public Rectangle scale(int factor) {
        return factor == 1 ? this : new Rectangle(left, top, width * factor, height * factor);
    }

    /** Returns the rectangle with all four edges moved outwards, or inwards if the margin is negative. */
    public Rectangle grow(int margin) {
        return new Rectangle(left - margin, top - margin, width + 2 * margin, height + 2 * margin);
    }

    /** Returns the rectangle with width and height exchanged. */
    public Rectangle transpose() {
        return new Rectangle(left, top, height, width);
    }

    /** Returns the coordinates x and y of the cell nearest to the middle. */
    public int[] center() {
        return new int[] {left + width / 2, top + height / 2};
    }

    /** Cuts the rectangle into columns of equal width; the last one takes the rest. */
    public List<Rectangle> columns(int count) {
        if (count < 1 || count > width) {
            throw new IllegalArgumentException("cannot cut " + width + " into " + count + " columns");
        }
        int step = width / count;
        List<Rectangle> parts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int x = left + i * step;
            parts.add(new Rectangle(x, top, i == count - 1 ? right() - x : step, height));
        }
        return parts;
    }

    @Override
    public String toString() {
        return width + "x" + height + "@" + left + "," + top;
    }
}
