/** Masks of dropout: a hash of each element's index, a seed and a count, so that the result does not depend on an order. */

/**
 * `out[i] = h(i) < ⌊probability · 2³²⌋ ? 0 : 1 / (1 − probability)`; `state` (i32) is seed and count, which is increased.
 */
export function dropoutMask(out: usize, state: usize, length: usize, probability: f64): void {
  const threshold = Math.floor(probability * 4294967296);
  const kept = <f32>(1 / (1 - probability));
  const count = load<u32>(state, 4);
  const a = mix(load<u32>(state) + count * 0x9e3779b9);
  const b = a ^ 0x85ebca6b;
  for (let i: u32 = 0; i < <u32>length; i++, out += 4) {
    store<f32>(out, <f64>mix(mix(i ^ a) + b) < threshold ? 0 : kept);
  }
  store<u32>(state, count + 1, 4);
}

/** The last steps of MurmurHash3. */
function mix(value: u32): u32 {
  let x = value;
  x = (x ^ (x >> 16)) * 0x85ebca6b;
  x = (x ^ (x >> 13)) * 0xc2b2ae35;
  return x ^ (x >> 16);
}
