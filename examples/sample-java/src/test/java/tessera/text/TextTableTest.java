package tessera.text;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNotEquals;
import static org.junit.Assert.assertSame;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import java.util.Collections;
import java.util.List;
import org.junit.Before;
import org.junit.Test;
import tessera.text.TextTable.Align;

public class TextTableTest {
    private TextTable fruit;
    private TextTable empty;

    @Before
    public void createTables() {
        fruit = new TextTable("Fruit", "Qty", "Price")
                .row("Plum", 12, 3.5)
                .row("Apple", 7, 0.25)
                .row("Kiwi", 100);
        empty = new TextTable("Only");
    }

    @Test
    public void size() {
        assertEquals(3, fruit.rowCount());
        assertEquals(0, empty.rowCount());
        assertEquals("one heading", 1, empty.columnCount());
        assertEquals("three headings", 3, fruit.columnCount());
    }

    @Test
    public void emptiness() {
        assertTrue(empty.isEmpty());
        assertFalse(fruit.isEmpty());
        assertFalse("a row of nothing is a row", empty.row().isEmpty());
    }

    @Test
    public void cellsAreTexts() {
        assertEquals("12", fruit.cell(0, "Qty"));
        assertEquals("Apple", fruit.cell(1, "Fruit"));
        assertEquals("" + 0.25, fruit.cell(1, "Price"));
    }

    @Test
    public void cellsThatAreNotGivenAreEmpty() {
        fruit.row(null, 1);
        assertEquals("", fruit.cell(2, "Price"));
        assertEquals("", fruit.cell(3, "Fruit"));
        assertTrue(fruit.cell(3, "Price").isEmpty());
        assertNotEquals("", fruit.cell(3, "Qty"));
    }

    @Test
    public void unknownCells() {
        assertThrows(IndexOutOfBoundsException.class, () -> fruit.cell(3, "Qty"));
        assertThrows(IndexOutOfBoundsException.class, () -> empty.cell(0, "Only"));
        assertThrows("headings are case-sensitive", IllegalArgumentException.class,
                () -> fruit.cell(0, "qty"));
    }

    @Test
    public void badTables() {
        assertThrows(IllegalArgumentException.class, () -> new TextTable());
        assertThrows(IllegalArgumentException.class, () -> empty.row("a", "b"));
        assertThrows(IllegalArgumentException.class, () -> fruit.row(1, 2, 3, 4));
        assertThrows(IllegalArgumentException.class, () -> fruit.align("Colour", Align.LEFT));
    }

    @Test
    public void columns() {
        assertEquals(List.of("Plum", "Apple", "Kiwi"), fruit.column("Fruit"));
        assertEquals(List.of("12", "7", "100"), fruit.column("Qty"));
        assertEquals(Collections.emptyList(), empty.column("Only"));
        assertArrayEquals(new Object[] {"3.5", "0.25", ""}, fruit.column("Price").toArray());
    }

    @Test
    public void widthsCoverCellsAndHeadings() {
        assertArrayEquals(new int[] {5, 3, 5}, fruit.widths());
        assertArrayEquals(new int[] {4}, empty.widths());
        assertArrayEquals(new int[] {9, 4, 5}, fruit.row("Pineapple", 1234).widths());
    }

    @Test
    public void alignments() {
        assertSame(Align.LEFT, fruit.alignment("Qty"));
        assertSame(Align.RIGHT, fruit.align("Qty", Align.RIGHT).alignment("Qty"));
        assertEquals(Align.CENTER, empty.align("Only", Align.CENTER).alignment("Only"));
    }

    @Test
    public void methodsChain() {
        assertSame(fruit, fruit.row("Fig"));
        assertSame(fruit, fruit.sortBy("Qty"));
        assertSame(empty, empty.align("Only", Align.RIGHT));
    }

    @Test
    public void sorting() {
        fruit.sortBy("Fruit");
        assertEquals("Apple", fruit.column("Fruit").get(0));
        assertEquals("Plum", fruit.column("Fruit").get(2));
        assertEquals(List.of("7", "100", "12"), fruit.column("Qty"));
        assertEquals(List.of("100", "12", "7"), fruit.sortBy("Qty").column("Qty"));
    }

    @Test
    public void lines() {
        List<String> lines = fruit.lines();
        assertEquals(2 + fruit.rowCount(), lines.size());
        assertEquals("Fruit  Qty  Price", lines.get(0));
        assertEquals("-----  ---  -----", lines.get(1));
        assertEquals("Plum   12   3.5", lines.get(2));
        assertEquals("Kiwi   100", lines.get(4));
    }

    @Test
    public void rightAlignedLines() {
        List<String> lines = fruit.align("Qty", Align.RIGHT).align("Price", Align.RIGHT).lines();
        assertEquals("Apple    7   0.25", lines.get(3));
        assertTrue(lines.get(2).endsWith("  3.5"));
    }

    @Test
    public void printing() {
        assertEquals("Only\n----", empty.toString());
        assertEquals("Only\n----\nx", empty.row('x').toString());
        assertEquals(String.join("\n", fruit.lines()), fruit.toString());
    }

    @Test
    public void markdown() {
        assertEquals("| Only |\n|------|", empty.toMarkdown());
        assertEquals("| Only |\n|-----:|\n|    5 |", empty.row(5).align("Only", Align.RIGHT).toMarkdown());
        assertTrue(empty.align("Only", Align.CENTER).toMarkdown().contains("|:----:|"));
        assertEquals(4, fruit.toMarkdown().lines().count() - 1);
    }

    @Test
    public void padding() {
        assertEquals("ab  ", TextTable.pad("ab", 4, Align.LEFT));
        assertEquals("  ab", TextTable.pad("ab", 4, Align.RIGHT));
        assertEquals(" ab  ", TextTable.pad("ab", 5, Align.CENTER));
        assertEquals("wider is kept", 5, TextTable.pad("abcde", 3, Align.RIGHT).length());
    }
}
