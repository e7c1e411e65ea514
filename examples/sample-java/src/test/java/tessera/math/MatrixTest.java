package tessera.math;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNotEquals;
import static org.junit.Assert.assertNotSame;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import org.junit.Test;

public class MatrixTest {

    private static final double DELTA = 1e-9;

    private static double[] row(double... cells) {
        return cells;
    }

    private static Matrix wide() {
        return Matrix.ofRows(row(1, 2, 3), row(4, 5, 6));
    }

    private static Matrix square() {
        return Matrix.ofRows(row(2, 1), row(5, 3));
    }

    @Test
    public void shape_is_taken_from_the_rows() {
        Matrix m = wide();
        assertEquals("rows", 2, m.rows());
        assertEquals("columns", 3, m.columns());
        assertFalse("2x3 is not square", m.isSquare());
        assertTrue("2x2 is square", square().isSquare());
    }

    @Test
    public void get_counts_from_zero() {
        Matrix m = wide();
        assertEquals(1, m.get(0, 0), DELTA);
        assertEquals(3, m.get(0, 2), DELTA);
        assertEquals(5, m.get(1, 1), DELTA);
        assertThrows(ArrayIndexOutOfBoundsException.class, () -> m.get(2, 0));
    }

    @Test
    public void ragged_or_missing_rows_are_rejected() {
        Exception e = assertThrows(IllegalArgumentException.class, () -> Matrix.ofRows(row(1, 2), row(3)));
        assertEquals("row 1 has length 1", e.getMessage());
        assertThrows("no rows", IllegalArgumentException.class, () -> Matrix.ofRows());
        assertThrows("no columns", IllegalArgumentException.class, () -> Matrix.ofRows(row()));
    }

    @Test
    public void rows_are_copied_on_creation() {
        double[] cells = {1, 2};
        Matrix m = Matrix.ofRows(cells);
        cells[0] = 99;
        assertEquals(1.0, m.get(0, 0), 0.0);
        assertArrayEquals(row(1, 2), m.row(0), 0.0);
    }

    @Test
    public void row_returns_a_copy() {
        Matrix m = wide();
        assertArrayEquals(row(1, 2, 3), m.row(0), DELTA);
        assertArrayEquals(row(4, 5, 6), m.row(1), DELTA);
        assertNotSame(m.row(0), m.row(0));
    }

    @Test
    public void column_collects_one_cell_per_row() {
        Matrix m = wide();
        assertArrayEquals(new double[] {1, 4}, m.column(0), DELTA);
        assertArrayEquals(new double[] {3, 6}, m.column(2), DELTA);
        assertArrayEquals("last", m.transpose().row(2), m.column(2), DELTA);
    }

    @Test
    public void diagonal_is_zero_elsewhere() {
        Matrix m = Matrix.diagonal(7, 8, 9);
        assertEquals(8.0, m.get(1, 1), DELTA);
        assertEquals("off the diagonal", 0, m.get(0, 1), DELTA);
        assertEquals("off the diagonal", 0, m.get(2, 1), DELTA);
        assertEquals(Matrix.identity(2), Matrix.diagonal(1, 1));
    }

    @Test
    public void symmetry() {
        assertTrue(Matrix.identity(3).isSymmetric());
        assertTrue(Matrix.ofRows(row(1, 7), row(7, 2)).isSymmetric());
        assertFalse(square().isSymmetric());
        assertFalse("not even square", wide().isSymmetric());
    }

    @Test
    public void transpose_swaps_rows_and_columns() {
        Matrix t = wide().transpose();
        assertEquals("rows", 3, t.rows());
        assertEquals("columns", 2, t.columns());
        assertEquals(4, t.get(0, 1), DELTA);
        assertEquals(wide(), t.transpose());
    }

    @Test
    public void plus_adds_cell_by_cell() {
        Matrix sum = square().plus(Matrix.identity(2));
        assertEquals(Matrix.ofRows(row(3, 1), row(5, 4)), sum);
        assertEquals(Matrix.ofRows(row(4, 2), row(10, 6)), square().plus(square()));
        assertThrows(IllegalArgumentException.class, () -> square().plus(wide()));
    }

    @Test
    public void times_combines_rows_with_columns() {
        assertEquals(Matrix.ofRows(row(9, 5), row(25, 14)), square().times(square()));
        assertEquals(Matrix.ofRows(row(14, 32), row(32, 77)), wide().times(wide().transpose()));
        assertEquals(square(), square().times(Matrix.identity(2)));
    }

    @Test
    public void times_needs_matching_shapes() {
        var e = assertThrows(IllegalArgumentException.class, () -> wide().times(square()));
        assertEquals("3 columns times 2 rows", e.getMessage());
        assertEquals(3, square().times(wide()).columns());
    }

    @Test
    public void determinant_of_small_matrices() {
        assertEquals(1, square().determinant(), DELTA);
        assertEquals(-4, Matrix.ofRows(row(-4)).determinant(), DELTA);
        assertEquals(2.0 * 3 * 4, Matrix.diagonal(2, 3, 4).determinant(), DELTA);
        assertEquals(0, Matrix.ofRows(row(1, 2), row(2, 4)).determinant(), DELTA);
    }

    @Test
    public void determinant_needs_a_square_matrix() {
        Matrix m = wide();
        assertThrows(ArithmeticException.class, m::determinant);
        assertThrows(ArithmeticException.class, m.transpose()::determinant);
    }

    @Test
    public void minor_drops_one_row_and_one_column() {
        assertEquals(Matrix.ofRows(row(4, 6)), wide().minor(0, 1));
        assertEquals(Matrix.ofRows(row(2, 3)), wide().minor(1, 0));
        assertEquals(Matrix.identity(3), Matrix.identity(4).minor(2, 2));
    }

    @Test
    public void equality_and_text() {
        assertEquals(wide().hashCode(), wide().hashCode());
        assertNotEquals(wide(), wide().transpose());
        assertNotEquals("other type", square(), square().toString());
        assertEquals("[[2.0, 1.0], [5.0, 3.0]]", square().toString());
    }
}
