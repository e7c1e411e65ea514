package tessera.math;

/** A vector in the plane. */
public record Vector2(double x, double y) {

    /** The vector of length zero. */
    public static final Vector2 ZERO = new Vector2(0, 0);

    /** The unit vector along the x axis. */
    public static final Vector2 RIGHT = new Vector2(1, 0);

    /** The unit vector along the y axis. */
    public static final Vector2 UP = new Vector2(0, 1);

    /** Stores negative zeros as zeros, so that vectors of the same value are equal. */
    public Vector2 {
        x += 0.0;
        y += 0.0;
    }

    /** Parses "x,y" with optional blanks; returns null if the text is null or blank. */
    public static Vector2 parse(String text) {
        if (text == null || text.isBlank()) {
            return null;
        }
        String[] parts = text.split(",");
        if (parts.length != 2) {
            throw new IllegalArgumentException("expected two numbers: " + text);
        }
        return new Vector2(Double.parseDouble(parts[0]), Double.parseDouble(parts[1]));
    }

    /** Returns the sum of both vectors. */
    public Vector2 plus(Vector2 other) {
        return new Vector2(x + other.x, y + other.y);
    }

    /** Returns the vector from the other one to this one. */
    public Vector2 minus(Vector2 other) {
        return new Vector2(x - other.x, y - other.y);
    }

    /** Returns the vector with both parts multiplied by the factor. */
    public Vector2 scale(double factor) {
        return new Vector2(x * factor, y * factor);
    }

    /** Returns the vector of the same length in the opposite direction. */
    public Vector2 negate() {
        return new Vector2(-x, -y);
    }

    /** Returns the vector turned left by a right angle. */
    public Vector2 perpendicular() {
        return new Vector2(-y, x);
    }

    /** Returns the vector turned left by the given angle in radians. */
    public Vector2 rotate(double angle) {
        double cos = Math.cos(angle);
        double sin = Math.sin(angle);
        return new Vector2(x * cos - y * sin, x * sin + y * cos);
    }

    /** Returns the scalar product of both vectors. */
    public double dot(Vector2 other) {
        return x * other.x + y * other.y;
    }

    /** Returns the signed area of the parallelogram that both vectors span. */
    public double cross(Vector2 other) {
        return x * other.y - y * other.x;
    }

    /** Returns the length of the vector. */
    public double length() {
        return Math.hypot(x, y);
    }

    /** Returns the distance between the ends of both vectors. */
    public double distanceTo(Vector2 other) {
        return minus(other).length();
    }

    /** Returns the sum of the horizontal and the vertical distance of both ends. */
    public double gridDistanceTo(Vector2 other) {
        return Math.abs(x - other.x) + Math.abs(y - other.y);
    }

    /** Returns the vector of length 1 in the same direction; the zero vector has none. */
    public Vector2 normalize() {
        double length = length();
        if (length == 0) {
            throw new ArithmeticException("the zero vector has no direction");
        }
        return scale(1 / length);
    }

    /** Returns this vector, shortened if it is longer than the given length. */
    public Vector2 limit(double maximum) {
        return length() <= maximum ? this : normalize().scale(maximum);
    }

    /** Returns the point at the given share of the way from this end to the other one. */
    public Vector2 lerp(Vector2 other, double share) {
        return plus(other.minus(this).scale(share));
    }

    /** Returns the part of this vector that points along the other one. */
    public Vector2 projectOnto(Vector2 other) {
        return other.scale(dot(other) / other.dot(other));
    }

    /** Returns true if both vectors point in the same or in opposite directions. */
    public boolean isParallelTo(Vector2 other) {
        return cross(other) == 0;
    }

    /** Returns the parts as an array of x and y. */
    public double[] toArray() {
        return new double[] {x, y};
    }

    @Override
    public String toString() {
        return "(" + x + ", " + y + ")";
    }
}
