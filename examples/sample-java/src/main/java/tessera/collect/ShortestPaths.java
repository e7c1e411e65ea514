package tessera.collect;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedList;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;

/** The cheapest paths from one source in a network of non-negative distances, found by Dijkstra's method. */
public final class ShortestPaths<N> {
    private record Visit<N>(N node, double cost) {
    }

    private final N source;
    private final Map<N, Double> costs = new LinkedHashMap<>();
    private final Map<N, N> previous = new HashMap<>();

    private ShortestPaths(N source) {
        this.source = source;
    }

    /** Finds the cheapest paths from the source; the map gives for each node its targets and distances. */
    public static <N> ShortestPaths<N> from(N source, Map<N, ? extends Map<N, ? extends Number>> network) {
        ShortestPaths<N> paths = new ShortestPaths<>(source);
        Map<N, Double> tentative = new HashMap<>(Map.of(source, 0.0));
        PriorityQueue<Visit<N>> queue = new PriorityQueue<>(Comparator.comparingDouble(Visit::cost));
        queue.add(new Visit<>(source, 0.0));
        while (!queue.isEmpty()) {
            Visit<N> visit = queue.remove();
            boolean isNew = paths.costs.putIfAbsent(visit.node(), visit.cost()) == null;
            if (isNew && network.containsKey(visit.node())) {
                network.get(visit.node()).forEach((target, distance) -> {
                    double cost = visit.cost() + checked(distance.doubleValue());
                    if (cost < tentative.getOrDefault(target, Double.POSITIVE_INFINITY)) {
                        tentative.put(target, cost);
                        paths.previous.put(target, visit.node());
                        queue.add(new Visit<>(target, cost));
                    }
                });
            }
        }
        return paths;
    }

    private static double checked(double distance) {
        if (!(distance >= 0.0)) {
            throw new IllegalArgumentException("distance must not be negative: " + distance);
        }
        return distance;
    }

    /** Returns the node where all paths start. */
    public N source() {
        return source;
    }

    /** Tells whether a path leads to the node. */
    public boolean reaches(N node) {
        return costs.containsKey(node);
    }

    /** Returns the length of the cheapest path, or infinity when no path leads to the node. */
    public double distanceTo(N node) {
        return costs.getOrDefault(node, Double.POSITIVE_INFINITY);
    }

    /** Returns the nodes of the cheapest path from source to target, or an empty list when there is none. */
    public List<N> pathTo(N target) {
        LinkedList<N> path = new LinkedList<>();
        if (reaches(target)) {
            for (N node = target; node != null; node = previous.get(node)) {
                path.addFirst(node);
            }
        }
        return path;
    }

    /** Returns the number of edges on the cheapest path, or -1 when no path leads to the node. */
    public int hopsTo(N target) {
        return pathTo(target).size() - 1;
    }

    /** Returns the node before the target on the cheapest path; null for the source and unreachable nodes. */
    public N previous(N target) {
        return previous.get(target);
    }

    /** Returns the reachable nodes from the nearest to the farthest as an unmodifiable view. */
    public Set<N> reachable() {
        return Collections.unmodifiableSet(costs.keySet());
    }

    /** Returns the reachable nodes no farther away than the limit, from the nearest to the farthest. */
    public List<N> within(double limit) {
        List<N> nodes = new ArrayList<>();
        costs.forEach((node, cost) -> {
            if (cost <= limit) {
                nodes.add(node);
            }
        });
        return nodes;
    }

    /** Returns the reachable node with the greatest distance. */
    public N farthest() {
        N last = source;
        for (N node : costs.keySet()) {
            last = node;
        }
        return last;
    }

    /** Returns the distance of the farthest reachable node. */
    public double eccentricity() {
        return distanceTo(farthest());
    }

    @Override
    public String toString() {
        return "paths from " + source + ": " + costs;
    }
}
