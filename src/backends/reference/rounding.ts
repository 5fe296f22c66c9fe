/** Rounding of the operands of integer products. */
import type { Numbers } from './loops.js';

/** Number of steps that share a scale. */
const BLOCK = 32;
/** Magnitude below which a number counts as 0. */
const SMALLEST = 1e-30;

/**
 * Rounds lines of `steps` numbers: each 32 of them become `s · round(x / s)` with `s = max |x| / top`. The quotients are computed in f32, so
 * that every number is rounded to the same side as by the fast kernels, ties to even; a number that is not finite makes its 32 NaN.
 * @param strides  elements from a line to the next, and from a step to the next
 */
export function roundedAlong(
  x: Numbers,
  lines: number,
  steps: number,
  [lineStride, stepStride]: readonly [number, number],
  top: number,
): Float64Array {
  const out = new Float64Array(x.length);
  for (let line = 0; line < lines; line++) {
    for (let first = 0; first < steps; first += BLOCK) {
      const count = Math.min(BLOCK, steps - first);
      const at = (i: number) => line * lineStride + (first + i) * stepStride;
      let most = 0;
      for (let i = 0; i < count; i++) most = Math.max(most, Math.abs(x[at(i)]));
      const inverse = most >= SMALLEST ? Math.fround(top / most) : 0;
      const scale = Math.fround(most / top);
      for (let i = 0; i < count; i++) {
        const code = roundToEven(Math.fround(x[at(i)] * inverse));
        out[at(i)] = Number.isFinite(most) ? code * scale : Number.NaN;
      }
    }
  }
  return out;
}

function roundToEven(x: number): number {
  const below = Math.floor(x);
  if (x - below !== 0.5) return Math.round(x);
  return below % 2 === 0 ? below : below + 1;
}
