package tessera.collect;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNotNull;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertSame;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.Test;

public class ShortestPathsTest {
    private static final double EPSILON = 1e-9;

    private static final Map<String, Map<String, Double>> ROADS = Map.of(
        "home", Map.of("mill", 2.5, "shop", 7.0),
        "mill", Map.of("shop", 3.0, "lake", 10.0),
        "shop", Map.of("lake", 1.5),
        "island", Map.of("lake", 4.0));

    private final ShortestPaths<String> fromHome = ShortestPaths.from("home", ROADS);

    /** A line of nodes 0, 1, ..., length-1 with distance two between neighbours. */
    private static ShortestPaths<Integer> line(int length) {
        Map<Integer, Map<Integer, Integer>> network = new LinkedHashMap<>();
        for (int i = 1; i < length; i++) {
            network.put(i - 1, Map.of(i, 2));
        }
        return ShortestPaths.from(0, network);
    }

    @Test
    public void detoursCanBeCheaper() {
        assertEquals(2.5, fromHome.distanceTo("mill"), EPSILON);
        assertEquals(2.5 + 3.0, fromHome.distanceTo("shop"), EPSILON);
        assertEquals(2.5 + 3.0 + 1.5, fromHome.distanceTo("lake"), EPSILON);
    }

    @Test
    public void sourceHasDistanceZero() {
        assertEquals(0.0, fromHome.distanceTo("home"), 0.0);
        assertEquals(0.0, fromHome.distanceTo(fromHome.source()), 0.0);
        assertSame("home", fromHome.source());
    }

    @Test
    public void unreachableNodesAreInfinitelyFar() {
        assertEquals(Double.POSITIVE_INFINITY, fromHome.distanceTo("island"), 0);
        assertTrue(Double.isInfinite(fromHome.distanceTo("atlantis")));
        assertFalse(Double.isInfinite(fromHome.distanceTo("lake")));
    }

    @Test
    public void reachesFollowsDirections() {
        assertTrue(fromHome.reaches("lake"));
        assertFalse(fromHome.reaches("island"));
        assertTrue(ShortestPaths.from("island", ROADS).reaches("lake"));
        assertFalse(ShortestPaths.from("island", ROADS).reaches("home"));
    }

    @Test
    public void pathsListEveryStop() {
        assertEquals(List.of("home", "mill", "shop", "lake"), fromHome.pathTo("lake"));
        assertEquals(List.of("home", "mill"), fromHome.pathTo("mill"));
        assertEquals(List.of("mill", "shop"), ShortestPaths.from("mill", ROADS).pathTo("shop"));
        assertEquals(List.of("home"), fromHome.pathTo("home"));
    }

    @Test
    public void pathToAnUnreachableNodeIsEmpty() {
        assertTrue(fromHome.pathTo("island").isEmpty());
        assertEquals(0, line(3).pathTo(99).size());
    }

    @Test
    public void hopsCountEdges() {
        assertEquals(3, fromHome.hopsTo("lake"));
        assertEquals(0, fromHome.hopsTo("home"));
        assertEquals(-1, fromHome.hopsTo("island"));
        assertEquals(9, line(10).hopsTo(9));
        assertEquals(4, line(10).hopsTo(4));
    }

    @Test
    public void previousStepsBackwards() {
        assertEquals("shop", fromHome.previous("lake"));
        assertEquals("mill", fromHome.previous("shop"));
        assertNull(fromHome.previous("home"));
        assertNull(fromHome.previous("island"));
    }

    @Test
    public void reachableNodesComeByDistance() {
        assertEquals(List.of("home", "mill", "shop", "lake"), List.copyOf(fromHome.reachable()));
        assertEquals(List.of("island", "lake"), List.copyOf(ShortestPaths.from("island", ROADS).reachable()));
        assertEquals(1, ShortestPaths.from("lake", ROADS).reachable().size());
    }

    @Test
    public void withinIncludesTheLimit() {
        assertEquals(List.of("home", "mill"), fromHome.within(2.5));
        assertEquals(List.of("home", "mill", "shop"), fromHome.within(6));
        assertEquals(List.of(0, 1, 2), line(8).within(5.0));
        assertEquals(List.of(), line(8).within(-1.0));
    }

    @Test
    public void farthestNodeDefinesTheEccentricity() {
        assertEquals("lake", fromHome.farthest());
        assertEquals(7.0, fromHome.eccentricity(), EPSILON);
        assertEquals(4, line(5).farthest().intValue());
        assertEquals(4 * 2.0, line(5).eccentricity(), EPSILON);
        assertEquals(0.0, ShortestPaths.from("lake", ROADS).eccentricity(), EPSILON);
    }

    @Test
    public void integerDistancesWork() {
        Map<Character, Map<Character, Integer>> network =
            Map.of('a', Map.of('b', 4, 'c', 1), 'c', Map.of('b', 2));
        ShortestPaths<Character> paths = ShortestPaths.from('a', network);
        assertEquals(1 + 2, paths.distanceTo('b'), EPSILON);
        assertEquals(Character.valueOf('c'), paths.previous('b'));
        assertNotNull(paths.pathTo('c'));
    }

    @Test
    public void negativeDistancesAreRejected() {
        Map<Integer, Map<Integer, Double>> bad = Map.of(1, Map.of(2, -0.5));
        assertThrows(IllegalArgumentException.class, () -> ShortestPaths.from(1, bad));
        assertEquals(0.0, ShortestPaths.from(2, bad).eccentricity(), 0.0);
    }

    @Test
    public void textShowsAllDistances() {
        assertEquals("paths from home: {home=0.0, mill=2.5, shop=5.5, lake=7.0}", fromHome.toString());
        assertEquals("paths from 0: {0=0.0, 1=2.0}", line(2).toString());
    }
}
