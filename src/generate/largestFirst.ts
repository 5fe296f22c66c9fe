/** Finds the largest of many numbers in descending order, without sorting the others. */

/** A binary heap whose memory is reused. */
export class LargestFirst {
  /** Heap of numbers: none is larger than the one at ⌊(its place − 1) / 2⌋. */
  #heap = new Float64Array(0);
  #count = 0;

  /** The `count`-th largest of at least `count` numbers. */
  at(count: number, values: Float64Array): number {
    this.#begin(count);
    const heap = this.#heap;
    // The heap holds the largest so far, negated, with the smallest first; most other numbers are smaller still.
    for (let i = 0; i < count; i++) heap[i] = -values[i];
    this.#arrange();
    for (let i = count; i < values.length; i++) if (-values[i] < heap[0]) this.#sink(-values[i], 0);
    return -heap[0];
  }

  /**
   * The smallest of the largest numbers whose sum reaches a share of the total.
   * @param values  non-negative numbers, at least one above 0
   * @param share   above 0, below 1
   */
  ofShare(share: number, values: Float64Array): number {
    this.#begin(values.length);
    let all = 0;
    for (let i = 0; i < values.length; i++) all += values[i];
    // All numbers below this sum up to less than the rest, with a margin for rounding.
    const least = ((1 - share) * all * (1 - 2 ** -20)) / values.length;
    let count = 0;
    for (let i = 0; i < values.length; i++) if (values[i] > least) this.#heap[count++] = values[i];
    this.#count = count;
    this.#arrange();
    const wanted = share * all;
    let last = 0;
    for (let sum = 0; sum < wanted && this.#count > 0; sum += last) last = this.#pop();
    return last;
  }

  #begin(count: number): void {
    if (this.#heap.length < count) this.#heap = new Float64Array(count);
    this.#count = count;
  }

  #arrange(): void {
    for (let place = (this.#count >> 1) - 1; place >= 0; place--) this.#sink(this.#heap[place], place);
  }

  #pop(): number {
    const [largest] = this.#heap;
    this.#count--;
    this.#sink(this.#heap[this.#count], 0);
    return largest;
  }

  /** Puts a number at a place, or below it where larger numbers are. */
  #sink(value: number, from: number): void {
    const [heap, count] = [this.#heap, this.#count];
    let place = from;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= count) break;
      if (child + 1 < count && heap[child + 1] > heap[child]) child++;
      if (heap[child] <= value) break;
      heap[place] = heap[child];
      place = child;
    }
    heap[place] = value;
  }
}
