/**
 * `random.seed(n); random.shuffle(list)` of Python: the peer's examples are drawn so, and this program draws the same without
 * an interpreter.
 * @see http://www.math.sci.hiroshima-u.ac.jp/m-mat/MT/emt.html  MT19937 (Matsumoto and Nishimura)
 * @see https://github.com/python/cpython/blob/3.11/Lib/random.py  `_randbelow_with_getrandbits`, `shuffle`
 */

const WORDS = 624;
const SHIFT = 397;

/** The 32-bit words of MT19937, from a seed below 2³² as Python takes it: an array of one key. */
function* words(seed: number): Generator<number, never> {
  const state = seeded(seed);
  for (;;) {
    advance(state);
    for (let y of state) {
      y ^= y >>> 11;
      y ^= (y << 7) & 0x9d2c5680;
      y ^= (y << 15) & 0xefc60000;
      yield (y ^ (y >>> 18)) >>> 0;
    }
  }
}

/** `init_by_array` with one key. */
function seeded(key: number): Uint32Array {
  const state = new Uint32Array(WORDS);
  state[0] = 19650218;
  const mixed = (i: number) => state[i - 1] ^ (state[i - 1] >>> 30);
  for (let i = 1; i < WORDS; i++) state[i] = Math.imul(mixed(i), 1812433253) + i;
  const pass = (from: number, steps: number, factor: number, plus: (i: number) => number) => {
    let i = from;
    for (let step = 0; step < steps; step++) {
      state[i] = (state[i] ^ Math.imul(mixed(i), factor)) + plus(i);
      if (++i < WORDS) continue;
      state[0] = state[WORDS - 1];
      i = 1;
    }
    return i;
  };
  const next = pass(1, WORDS, 1664525, () => key);
  pass(next, WORDS - 1, 1566083941, (i) => -i);
  state[0] = 0x80000000;
  return state;
}

function advance(state: Uint32Array): void {
  for (let i = 0; i < WORDS; i++) {
    const y = (state[i] & 0x80000000) | (state[(i + 1) % WORDS] & 0x7fffffff);
    state[i] = state[(i + SHIFT) % WORDS] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
  }
}

/** A shuffled copy. @param seed  integer, 0 ≤ seed < 2³² */
export function pythonShuffle<T>(items: readonly T[], seed: number): T[] {
  const shuffled = [...items];
  const random = words(seed);
  for (let i = shuffled.length - 1; i > 0; i--) {
    const bits = 32 - Math.clz32(i + 1);
    let j: number;
    do j = random.next().value >>> (32 - bits);
    while (j > i);
    [shuffled[i], shuffled[j]] = [shuffled[j], shuffled[i]];
  }
  return shuffled;
}
