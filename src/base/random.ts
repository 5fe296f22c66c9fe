/**
 * Seeded random numbers that are the same on every machine: only integer arithmetic and the exactly rounded
 * operations of IEEE 754, no `Math.log` or `Math.cos`, whose last bit differs between engines.
 */

/** The whole state of a generator, to save and restore: four 32-bit words. */
export type RandomState = readonly [number, number, number, number];

/**
 * xoshiro128** (Blackman and Vigna), seeded through splitmix32.
 * @see https://prng.di.unimi.it/xoshiro128starstar.c
 */
export class Random {
  readonly seed: number;
  #state: [number, number, number, number];

  /** @param seed integer; only its lower 32 bits count */
  constructor(seed: number) {
    if (!Number.isSafeInteger(seed)) throw new RangeError(`Random: seed must be an integer: ${seed}`);
    this.seed = seed;
    let x = seed >>> 0;
    const next = () => {
      x = (x + 0x9e3779b9) >>> 0;
      let z = x;
      z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
      z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
      return (z ^ (z >>> 16)) >>> 0;
    };
    this.#state = [next(), next(), next(), next()];
  }

  /** A separate generator for one purpose (`init`, `shuffle`…), so that one never shifts another. */
  split(purpose: string): Random {
    // FNV-1a over the purpose, started from the seed.
    let hash = (0x811c9dc5 ^ this.seed) >>> 0;
    for (let i = 0; i < purpose.length; i++) hash = Math.imul(hash ^ purpose.charCodeAt(i), 0x01000193) >>> 0;
    return new Random(hash);
  }

  get state(): RandomState {
    return [...this.#state];
  }

  set state(state: RandomState) {
    this.#state = [state[0] >>> 0, state[1] >>> 0, state[2] >>> 0, state[3] >>> 0];
  }

  /** A uniform integer in 0 … 2³²−1. */
  uint32(): number {
    const s = this.#state;
    const product = Math.imul(s[1], 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const t = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = (s[3] << 11) | (s[3] >>> 21);
    return result;
  }

  /** A uniform number in [0, 1), a multiple of 2⁻⁵³. */
  uniform(): number {
    const high = this.uint32() >>> 5;
    const low = this.uint32() >>> 6;
    return (high * 67108864 + low) / 9007199254740992;
  }

  /** A standard normal number, by Marsaglia's polar method. */
  normal(): number {
    for (;;) {
      const u = 2 * this.uniform() - 1;
      const v = 2 * this.uniform() - 1;
      const s = u * u + v * v;
      if (s > 0 && s < 1) return u * Math.sqrt((-2 * naturalLog(s)) / s);
    }
  }

  /** The numbers 0 … length−1 in random order (Fisher–Yates). */
  permutation(length: number): Int32Array {
    const order = Int32Array.from({ length }, (_, i) => i);
    for (let i = length - 1; i > 0; i--) {
      const j = Math.floor(this.uniform() * (i + 1));
      const swapped = order[i];
      order[i] = order[j];
      order[j] = swapped;
    }
    return order;
  }
}

/** ln x for normal positive x, within 2 ulp: x = m·2^e, ln m = 2 atanh((m − 1)/(m + 1)) as a series. */
function naturalLog(x: number): number {
  let mantissa = x;
  let exponent = 0;
  while (mantissa < Math.SQRT1_2) {
    mantissa *= 2;
    exponent -= 1;
  }
  while (mantissa >= Math.SQRT2) {
    mantissa /= 2;
    exponent += 1;
  }
  const z = (mantissa - 1) / (mantissa + 1);
  let sum = 0;
  for (let power = 25; power >= 1; power -= 2) sum = sum * z * z + 1 / power;
  return exponent * Math.LN2 + 2 * z * sum;
}
