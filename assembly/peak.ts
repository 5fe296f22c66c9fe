/** The peak performance of a core, for the benchmarks to compare products with. */
import { madd } from './simd';

/**
 * `rounds` times 26 vector multiply-adds, which are {@link peakFlops} operations per round, only on registers.
 *
 * Thirteen chains `c = c x + y` hide the latency of a multiplication and an addition one after the other, which
 * are two instructions without fused multiply-add; with `x` and `y` they fill the 15 registers that V8 hands
 * out. `at` is 240 bytes: x and y, then the chains' beginnings, where their ends are stored.
 */
export function peak(at: usize, rounds: usize): void {
  const x = v128.load(at);
  const y = v128.load(at, 16);
  let c0 = v128.load(at, 32);
  let c1 = v128.load(at, 48);
  let c2 = v128.load(at, 64);
  let c3 = v128.load(at, 80);
  let c4 = v128.load(at, 96);
  let c5 = v128.load(at, 112);
  let c6 = v128.load(at, 128);
  let c7 = v128.load(at, 144);
  let c8 = v128.load(at, 160);
  let c9 = v128.load(at, 176);
  let c10 = v128.load(at, 192);
  let c11 = v128.load(at, 208);
  let c12 = v128.load(at, 224);
  for (; rounds > 0; rounds--) {
    c0 = madd(c0, x, y);
    c1 = madd(c1, x, y);
    c2 = madd(c2, x, y);
    c3 = madd(c3, x, y);
    c4 = madd(c4, x, y);
    c5 = madd(c5, x, y);
    c6 = madd(c6, x, y);
    c7 = madd(c7, x, y);
    c8 = madd(c8, x, y);
    c9 = madd(c9, x, y);
    c10 = madd(c10, x, y);
    c11 = madd(c11, x, y);
    c12 = madd(c12, x, y);
    c0 = madd(c0, x, y);
    c1 = madd(c1, x, y);
    c2 = madd(c2, x, y);
    c3 = madd(c3, x, y);
    c4 = madd(c4, x, y);
    c5 = madd(c5, x, y);
    c6 = madd(c6, x, y);
    c7 = madd(c7, x, y);
    c8 = madd(c8, x, y);
    c9 = madd(c9, x, y);
    c10 = madd(c10, x, y);
    c11 = madd(c11, x, y);
    c12 = madd(c12, x, y);
  }
  v128.store(at, c0, 32);
  v128.store(at, c1, 48);
  v128.store(at, c2, 64);
  v128.store(at, c3, 80);
  v128.store(at, c4, 96);
  v128.store(at, c5, 112);
  v128.store(at, c6, 128);
  v128.store(at, c7, 144);
  v128.store(at, c8, 160);
  v128.store(at, c9, 176);
  v128.store(at, c10, 192);
  v128.store(at, c11, 208);
  v128.store(at, c12, 224);
}

/** Multiplications and additions of one round of {@link peak}. */
export function peakFlops(): usize {
  return 26 * 8;
}
