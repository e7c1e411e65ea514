package tessera.math;

import java.util.Arrays;

/** An immutable rectangular matrix of doubles. */
public final class Matrix {

    private final double[][] cells;

    private Matrix(double[][] cells) {
        this.cells = cells;
    }

    /** Creates a matrix from its rows, which must be non-empty and of equal length. */
    public static Matrix ofRows(double[]... rows) {
        if (rows.length == 0 || rows[0].length == 0) {
            throw new IllegalArgumentException("a matrix needs at least one cell");
        }
        double[][] copy = new double[rows.length][];
        for (int i = 0; i < rows.length; i++) {
            if (rows[i].length != rows[0].length) {
                throw new IllegalArgumentException("row " + i + " has length " + rows[i].length);
            }
            copy[i] = rows[i].clone();
        }
        return new Matrix(copy);
    }

    /** Returns a matrix with the given values on the diagonal and zeros elsewhere. */
    public static Matrix diagonal(double... values) {
        double[][] result = new double[values.length][values.length];
        for (int i = 0; i < values.length; i++) {
            result[i][i] = values[i];
        }
        return new Matrix(result);
    }

    /** Returns the identity matrix of the given size. */
    public static Matrix identity(int size) {
        double[] ones = new double[size];
        Arrays.fill(ones, 1);
        return diagonal(ones);
    }

    /** Returns the number of rows. */
    public int rows() {
        return cells.length;
    }

    /** Returns the number of columns. */
    public int columns() {
        return cells[0].length;
    }

    /** Returns the cell at the given row and column, both counted from zero. */
    public double get(int row, int column) {
        return cells[row][column];
    }

    /** Returns a copy of one row. */
    public double[] row(int row) {
        return cells[row].clone();
    }

    /** Returns a copy of one column. */
    public double[] column(int column) {
        return Arrays.stream(cells).mapToDouble(row -> row[column]).toArray();
    }

    /** Returns true if there are as many rows as columns. */
    public boolean isSquare() {
        return rows() == columns();
    }

    /** Returns true if the matrix equals its transpose. */
    public boolean isSymmetric() {
        return isSquare() && equals(transpose());
    }

    /** Returns the matrix with rows and columns exchanged. */
    public Matrix transpose() {
        double[][] result = new double[columns()][];
        Arrays.setAll(result, this::column);
        return new Matrix(result);
    }

    /** Returns the cell-wise sum of two matrices of the same shape. */
    public Matrix plus(Matrix other) {
        if (rows() != other.rows() || columns() != other.columns()) {
            throw new IllegalArgumentException("shapes differ");
        }
        double[][] result = new double[rows()][columns()];
        for (int i = 0; i < rows(); i++) {
            for (int j = 0; j < columns(); j++) {
                result[i][j] = cells[i][j] + other.cells[i][j];
            }
        }
        return new Matrix(result);
    }

    /** Returns the matrix product this * other. */
    public Matrix times(Matrix other) {
        if (columns() != other.rows()) {
            throw new IllegalArgumentException(columns() + " columns times " + other.rows() + " rows");
        }
        double[][] result = new double[rows()][other.columns()];
        for (int i = 0; i < rows(); i++) {
            for (int j = 0; j < other.columns(); j++) {
                for (int k = 0; k < columns(); k++) {
                    result[i][j] += cells[i][k] * other.cells[k][j];
                }
            }
        }
        return new Matrix(result);
    }

    /** Returns the determinant of a square matrix by expansion along the first row. */
    public double determinant() {
        if (!isSquare()) {
            throw new ArithmeticException("determinant of a non-square matrix");
        }
        if (rows() == 1) {
            return cells[0][0];
        }
        double sum = 0;
        for (int j = 0; j < columns(); j++) {
            double term = cells[0][j] * minor(0, j).determinant();
            sum += j % 2 == 0 ? term : -term;
        }
        return sum;
    }

    /** Returns the matrix without the given row and column. */
    public Matrix minor(int row, int column) {
        double[][] result = new double[rows() - 1][columns() - 1];
        for (int i = 0; i < result.length; i++) {
            double[] source = cells[i < row ? i : i + 1];
            for (int j = 0; j < result[i].length; j++) {
                result[i][j] = source[j < column ? j : j + 1];
            }
        }
        return new Matrix(result);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Matrix that && Arrays.deepEquals(cells, that.cells);
    }

    @Override
    public int hashCode() {
        return Arrays.deepHashCode(cells);
    }

    @Override
    public String toString() {
        return Arrays.deepToString(cells);
    }
}
