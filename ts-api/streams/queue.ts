/*
 * queue.ts - a first-in, first-out list that counts the sizes of what it holds.
 * Spec: Streams, "Queue-with-sizes".
 */
interface Entry<T> {
    readonly value: T;
    readonly size: number;
    next: Entry<T> | null;
}

export class Queue<T> {
    #first: Entry<T> | null = null;
    #last: Entry<T> | null = null;
    /** [[queueTotalSize]]; to be read only, as `length`. */
    totalSize = 0;
    length = 0;

    get isEmpty(): boolean {
        return this.length === 0;
    }

    /** "EnqueueValueWithSize" */
    enqueue(value: T, size: number): void {
        if (!(size >= 0 && size < Infinity)) {
            throw new RangeError("The size of a chunk must be a finite number that is not negative");
        }
        this.push(value, size);
    }

    /** What enqueue() does for values of known size. */
    push(value: T, size = 0): void {
        const entry = { value, size, next: null };
        if (this.#last === null) {
            this.#first = entry;
        } else {
            this.#last.next = entry;
        }
        this.#last = entry;
        this.totalSize += size;
        this.length++;
    }

    /** "DequeueValue"; there must be one. */
    dequeue(): T {
        const entry = this.#first as Entry<T>;
        this.#first = entry.next;
        if (--this.length === 0) {
            this.#last = null;
        }
        this.totalSize -= entry.size;
        if (this.totalSize < 0) {
            this.totalSize = 0; // rounding
        }
        return entry.value;
    }

    /** "PeekQueueValue"; there must be one. */
    peek(): T {
        return (this.#first as Entry<T>).value;
    }

    /** Puts a value in front of all others. */
    unshift(value: T, size = 0): void {
        this.#first = { value, size, next: this.#first };
        this.#last ??= this.#first;
        this.totalSize += size;
        this.length++;
    }

    /** "ResetQueue" */
    reset(): void {
        this.#first = this.#last = null;
        this.totalSize = 0;
        this.length = 0;
    }
}
