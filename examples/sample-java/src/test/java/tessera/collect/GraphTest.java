package tessera.collect;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsInAnyOrder;
import static org.hamcrest.Matchers.is;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNotEquals;
import static org.junit.Assert.assertNotSame;
import static org.junit.Assert.assertSame;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;
import java.util.Set;
import org.junit.Before;
import org.junit.Test;

public class GraphTest {
    private Graph<Integer> diamond;

    @Before
    public void buildDiamond() {
        diamond = new Graph<Integer>().connect(1, 2).connect(1, 3).connect(2, 4).connect(3, 4);
    }

    /** Builds a graph from text such as "a>b b>c". */
    private static Graph<String> parse(String edges) {
        Graph<String> graph = new Graph<>();
        Arrays.stream(edges.split(" ")).map(e -> e.split(">")).forEach(e -> graph.connect(e[0], e[1]));
        return graph;
    }

    @Test
    public void connectCreatesMissingNodes() {
        assertEquals(Set.of(1, 2, 3, 4), diamond.nodes());
        diamond.connect(4, 9);
        assertTrue(diamond.nodes().contains(9));
        assertEquals(5, diamond.edgeCount());
    }

    @Test
    public void connectIsFluent() {
        assertSame(diamond, diamond.connect(2, 3));
        assertSame(diamond, diamond.connect(2, 3, 0.5));
        assertNotSame(diamond, diamond.reversed());
    }

    @Test
    public void addNodeOnlyOnce() {
        assertTrue(diamond.addNode(7));
        assertFalse(diamond.addNode(7));
        assertFalse(diamond.addNode(1));
    }

    @Test
    public void successorsFollowTheArrows() {
        assertEquals(Set.of(2, 3), diamond.successors(1));
        assertEquals(Set.of(4), diamond.successors(2));
        assertTrue(diamond.successors(4).isEmpty());
    }

    @Test
    public void predecessorsGoAgainstTheArrows() {
        assertEquals(Set.of(2, 3), diamond.predecessors(4));
        assertTrue(diamond.predecessors(1).isEmpty());
        assertThat(parse("a>c b>c c>d").predecessors("c"), containsInAnyOrder("b", "a"));
    }

    @Test
    public void unknownNodesAreReported() {
        assertThrows(IllegalArgumentException.class, () -> diamond.successors(99));
        assertThrows(IllegalArgumentException.class, () -> diamond.predecessors(99));
        Throwable t = assertThrows(IllegalArgumentException.class, () -> diamond.breadthFirst(42));
        assertEquals("unknown node: 42", t.getMessage());
    }

    @Test
    public void edgesHaveWeightOneByDefault() {
        assertEquals(1.0, diamond.weight(1, 2).getAsDouble(), 0.0);
        diamond.connect(1, 2, 2.5);
        assertEquals(2.5, diamond.weight(1, 2).getAsDouble(), 0.0);
        assertEquals(OptionalDouble.of(2.5), diamond.weight(1, 2));
    }

    @Test
    public void missingEdgesHaveNoWeight() {
        assertFalse(diamond.weight(2, 1).isPresent());
        assertTrue(diamond.weight(1, 4).isEmpty());
        assertThat(diamond.weight(50, 60), is(OptionalDouble.empty()));
        assertThrows(IllegalArgumentException.class, () -> diamond.connect(1, 2, Double.NaN));
    }

    @Test
    public void disconnectRemovesOneDirection() {
        Graph<String> graph = parse("a>b b>a");
        assertTrue(graph.disconnect("a", "b"));
        assertFalse(graph.disconnect("a", "b"));
        assertEquals(1, graph.edgeCount());
        assertFalse(graph.disconnect("nobody", "a"));
    }

    @Test
    public void removeNodeTakesItsEdgesAlong() {
        assertTrue(diamond.removeNode(4));
        assertEquals(2, diamond.edgeCount());
        assertTrue(diamond.removeNode(1));
        assertEquals(0, diamond.edgeCount());
        assertFalse(diamond.removeNode(1));
    }

    @Test
    public void breadthFirstVisitsNearNodesFirst() {
        assertEquals(List.of(1, 2, 3, 4), diamond.breadthFirst(1));
        assertEquals(List.of(3, 4), diamond.breadthFirst(3));
        assertEquals(List.of("a", "b", "z", "c"), parse("a>z a>b b>c").breadthFirst("a"));
        assertEquals(3, parse("a>b b>c c>a").breadthFirst("b").size());
    }

    @Test
    public void reachabilityIsTransitive() {
        assertTrue(diamond.isReachable(1, 4));
        assertFalse(diamond.isReachable(4, 1));
        assertTrue("zero steps", diamond.isReachable(3, 3));
        assertFalse("unknown start", diamond.isReachable(77, 1));
    }

    @Test
    public void reversedTurnsEveryEdge() {
        assertEquals(parse("b>a c>b"), parse("a>b b>c").reversed());
        assertEquals(diamond, diamond.reversed().reversed());
        assertNotEquals(diamond, diamond.reversed());
        assertEquals(diamond.predecessors(4), diamond.reversed().successors(4));
    }

    @Test
    public void textListsTargetsOfEachNode() {
        assertEquals("{1=[2, 3], 2=[4], 3=[4], 4=[]}", diamond.toString());
        assertThat(parse("y>x").toString(), is("{x=[], y=[x]}"));
    }
}
