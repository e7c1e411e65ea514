package tessera.collect;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.TreeMap;

/** A mutable directed graph with weighted edges over comparable nodes; at most one edge per direction. */
public final class Graph<N extends Comparable<N>> {
    private final TreeMap<N, TreeMap<N, Double>> edges = new TreeMap<>();

    /** Adds the node when it is new and tells whether it was. */
    public boolean addNode(N node) {
        return edges.putIfAbsent(node, new TreeMap<>()) == null;
    }

    /** Adds an edge of weight one, creating missing nodes. */
    public Graph<N> connect(N from, N to) {
        return connect(from, to, 1.0);
    }

    /** Adds or replaces an edge with the given weight, creating missing nodes. */
    public Graph<N> connect(N from, N to, double weight) {
        if (Double.isNaN(weight)) {
            throw new IllegalArgumentException("weight of " + from + " -> " + to + " is not a number");
        }
        addNode(from);
        addNode(to);
        edges.get(from).put(to, weight);
        return this;
    }

    /** Removes the edge and tells whether it existed. */
    public boolean disconnect(N from, N to) {
        return edges.containsKey(from) && edges.get(from).remove(to) != null;
    }

    /** Removes the node with all edges that touch it and tells whether it existed. */
    public boolean removeNode(N node) {
        edges.values().forEach(targets -> targets.remove(node));
        return edges.remove(node) != null;
    }

    /** Returns the nodes in ascending order as an unmodifiable view. */
    public Set<N> nodes() {
        return Collections.unmodifiableSet(edges.keySet());
    }

    /** Returns the targets of the edges that leave the node, in ascending order. */
    public Set<N> successors(N node) {
        return Collections.unmodifiableSet(targets(node).keySet());
    }

    /** Returns the sources of the edges that enter the node, in ascending order. */
    public Set<N> predecessors(N node) {
        targets(node);
        Set<N> sources = new LinkedHashSet<>();
        edges.forEach((from, targets) -> {
            if (targets.containsKey(node)) {
                sources.add(from);
            }
        });
        return sources;
    }

    private Map<N, Double> targets(N node) {
        Map<N, Double> targets = edges.get(node);
        if (targets == null) {
            throw new IllegalArgumentException("unknown node: " + node);
        }
        return targets;
    }

    /** Returns the weight of the edge, or an empty result when there is no such edge. */
    public OptionalDouble weight(N from, N to) {
        Double weight = edges.containsKey(from) ? edges.get(from).get(to) : null;
        return weight == null ? OptionalDouble.empty() : OptionalDouble.of(weight);
    }

    /** Returns the number of edges. */
    public int edgeCount() {
        return edges.values().stream().mapToInt(Map::size).sum();
    }

    /** Returns the nodes reachable from the start in breadth-first order, the start included. */
    public List<N> breadthFirst(N start) {
        targets(start);
        Set<N> seen = new LinkedHashSet<>(List.of(start));
        Deque<N> queue = new ArrayDeque<>(seen);
        while (!queue.isEmpty()) {
            for (N next : successors(queue.remove())) {
                if (seen.add(next)) {
                    queue.add(next);
                }
            }
        }
        return new ArrayList<>(seen);
    }

    /** Tells whether a path of zero or more edges leads from one node to the other. */
    public boolean isReachable(N from, N to) {
        return edges.containsKey(from) && breadthFirst(from).contains(to);
    }

    /** Returns a new graph in which every edge points the other way. */
    public Graph<N> reversed() {
        Graph<N> result = new Graph<>();
        edges.keySet().forEach(result::addNode);
        edges.forEach((from, targets) -> targets.forEach((to, w) -> result.connect(to, from, w)));
        return result;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Graph<?> that && edges.equals(that.edges);
    }

    @Override
    public int hashCode() {
        return edges.hashCode();
    }

    @Override
    public String toString() {
        Map<N, Set<N>> shape = new LinkedHashMap<>();
        edges.forEach((from, targets) -> shape.put(from, targets.keySet()));
        return shape.toString();
    }
}
