package tessera.collect;

import java.util.Arrays;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Objects;

/** A first-in first-out buffer of fixed capacity that can overwrite its oldest element when full. */
public final class RingBuffer<E> implements Iterable<E> {
    private final Object[] slots;
    private int head;
    private int size;

    /** Creates an empty buffer with room for the given number of elements. */
    public RingBuffer(int capacity) {
        if (capacity < 1) {
            throw new IllegalArgumentException("capacity must be positive: " + capacity);
        }
        slots = new Object[capacity];
    }

    /** Creates a full buffer whose capacity is the number of given elements. */
    @SafeVarargs
    public static <T> RingBuffer<T> filledWith(T... elements) {
        RingBuffer<T> buffer = new RingBuffer<>(elements.length);
        for (T element : elements) {
            buffer.offer(element);
        }
        return buffer;
    }

    /** Appends the element when there is room and tells whether it was appended. */
    public boolean offer(E element) {
        Objects.requireNonNull(element, "element");
        if (isFull()) {
            return false;
        }
        slots[slot(size)] = element;
        size++;
        return true;
    }

    /** Appends the element, overwriting the oldest one when full; returns the overwritten element or null. */
    public E push(E element) {
        Objects.requireNonNull(element, "element");
        E overwritten = isFull() ? poll() : null;
        offer(element);
        return overwritten;
    }

    /** Removes and returns the oldest element, or returns null when empty. */
    public E poll() {
        if (size == 0) {
            return null;
        }
        E oldest = get(0);
        slots[head] = null;
        head = slot(1);
        size--;
        return oldest;
    }

    /** Returns the element at the given age, where index 0 is the oldest element. */
    public E get(int index) {
        Objects.checkIndex(index, size);
        @SuppressWarnings("unchecked")
        E element = (E) slots[slot(index)];
        return element;
    }

    private int slot(int index) {
        return (head + index) % slots.length;
    }

    /** Returns the oldest element without removing it. */
    public E first() {
        if (size == 0) {
            throw new NoSuchElementException("buffer is empty");
        }
        return get(0);
    }

    /** Returns the newest element without removing it. */
    public E last() {
        if (size == 0) {
            throw new NoSuchElementException("buffer is empty");
        }
        return get(size - 1);
    }

    /** Returns the index of the oldest equal element, or -1. */
    public int indexOf(Object element) {
        for (int i = 0; i < size; i++) {
            if (get(i).equals(element)) {
                return i;
            }
        }
        return -1;
    }

    /** Returns the number of stored elements. */
    public int size() {
        return size;
    }

    /** Returns how many more elements fit without overwriting. */
    public int remaining() {
        return slots.length - size;
    }

    /** Tells whether the next push overwrites an element. */
    public boolean isFull() {
        return size == slots.length;
    }

    /** Removes all elements. */
    public void clear() {
        Arrays.fill(slots, null);
        head = 0;
        size = 0;
    }

    /** Returns the elements in a new array, the oldest first. */
    public Object[] toArray() {
        Object[] result = new Object[size];
        for (int i = 0; i < size; i++) {
            result[i] = get(i);
        }
        return result;
    }

    @Override
    public Iterator<E> iterator() {
        return new Iterator<>() {
            private int next;

            @Override
            public boolean hasNext() {
                return next < size;
            }

            @Override
            public E next() {
                if (next >= size) {
                    throw new NoSuchElementException("only " + size + " elements");
                }
                return get(next++);
            }
        };
    }

    @Override
    public String toString() {
        return Arrays.toString(toArray());
    }
}
