/** Copies of operands in the order in which the tiles read them. */

/** Rows of a panel of a, as of a register tile; more would spill registers without fused multiply-add. */
export const PANEL_ROWS: usize = ASC_FEATURE_RELAXED_SIMD ? 6 : 4;
/** Bytes of a value in a panel of a, a whole vector for the tile without fused multiply-add, and of a step. */
export const A_VALUE_BYTES: usize = ASC_FEATURE_RELAXED_SIMD ? 4 : 16;
export const A_STEP_BYTES: usize = PANEL_ROWS * A_VALUE_BYTES;

/** Copies `rows` rows of op(a) into panels for the tiles of this build. */
export function packRows(
  to: usize,
  from: usize,
  rowStride: usize,
  stepStride: usize,
  rows: usize,
  k: usize,
): void {
  if (ASC_FEATURE_RELAXED_SIMD) packPanels(to, from, rowStride, stepStride, rows, k, PANEL_ROWS);
  else packSplats(to, from, rowStride, stepStride, rows, k);
}

/**
 * Copies `lanes` rows of op(a), or columns of op(b), into panels of `width` (6 or 8): a panel holds, for
 * each of the `k` steps, its `width` values side by side. Lanes that the operand lacks are 0.
 *
 *     panel 0: [step 0: lane 0 … width−1][step 1: …] …  panel 1: …
 */
export function packPanels(
  to: usize,
  from: usize,
  laneStride: usize,
  stepStride: usize,
  lanes: usize,
  k: usize,
  width: usize,
): void {
  const panelBytes = (k * width) << 2;
  for (; lanes >= width; lanes -= width, from += laneStride * width, to += panelBytes) {
    if (laneStride === 4) copyPanel(to, from, stepStride, k, width);
    else if (stepStride === 4) transposePanel(to, from, laneStride, k, width);
    else copyLanes(to, from, laneStride, stepStride, width, k, width);
  }
  if (lanes === 0) return;
  memory.fill(to, 0, panelBytes);
  copyLanes(to, from, laneStride, stepStride, lanes, k, width);
}

function copyLanes(
  to: usize,
  from: usize,
  laneStride: usize,
  stepStride: usize,
  lanes: usize,
  k: usize,
  width: usize,
): void {
  for (let step: usize = 0; step < k; step++, from += stepStride, to += width << 2) {
    for (let lane: usize = 0; lane < lanes; lane++) {
      store<f32>(to + (lane << 2), load<f32>(from + lane * laneStride));
    }
  }
}

/**
 * Copies `lanes` rows of op(a) into panels of four rows with each value in all lanes of a vector, 64 bytes a step;
 * rows that the operand lacks are 0. In V8, a load that fills all lanes from one value takes an addition, a load
 * of a vector does not.
 */
function packSplats(
  to: usize,
  from: usize,
  laneStride: usize,
  stepStride: usize,
  lanes: usize,
  k: usize,
): void {
  const panelBytes = k << 6;
  for (; lanes >= 4; lanes -= 4, from += laneStride << 2, to += panelBytes) {
    if (laneStride === 4) splatSteps(to, from, stepStride, k);
    else splatLanes(to, from, laneStride, stepStride, 4, k);
  }
  if (lanes === 0) return;
  memory.fill(to, 0, panelBytes);
  splatLanes(to, from, laneStride, stepStride, lanes, k);
}

/** Four lanes side by side: step by step. */
function splatSteps(to: usize, from: usize, stepStride: usize, k: usize): void {
  for (const end = to + (k << 6); to < end; to += 64, from += stepStride) {
    storeSplats(to, 16, v128.load(from));
  }
}

/** Lane by lane, four steps at a time where they lie side by side. */
function splatLanes(
  to: usize,
  from: usize,
  laneStride: usize,
  stepStride: usize,
  lanes: usize,
  k: usize,
): void {
  const whole = stepStride === 4 ? k & ~3 : 0;
  for (; lanes > 0; lanes--, to += 16, from += laneStride) {
    let at = to;
    let x = from;
    for (const vectorEnd = to + (whole << 6); at < vectorEnd; at += 256, x += 16) {
      storeSplats(at, 64, v128.load(x));
    }
    for (const end = to + (k << 6); at < end; at += 64, x += stepStride) {
      v128.store(at, v128.load32_splat(x));
    }
  }
}

/** Each lane of `x` in all lanes of a vector, these `stride` bytes apart. */
function storeSplats(to: usize, stride: usize, x: v128): void {
  v128.store(to, v128.shuffle<f32>(x, x, 0, 0, 0, 0));
  v128.store(to + stride, v128.shuffle<f32>(x, x, 1, 1, 1, 1));
  v128.store(to + stride * 2, v128.shuffle<f32>(x, x, 2, 2, 2, 2));
  v128.store(to + stride * 3, v128.shuffle<f32>(x, x, 3, 3, 3, 3));
}

/** Lanes side by side in the operand already. */
function copyPanel(to: usize, from: usize, stepStride: usize, k: usize, width: usize): void {
  const stepBytes = width << 2;
  for (const end = to + k * stepBytes; to < end; to += stepBytes, from += stepStride) {
    v128.store(to, v128.load(from));
    if (width === 8) v128.store(to, v128.load(from, 16), 16);
    else store<u64>(to, load<u64>(from, 16), 16);
  }
}

/** Steps side by side in the operand: four lanes, then the other four or two. */
function transposePanel(to: usize, from: usize, laneStride: usize, k: usize, width: usize): void {
  transposeFour(to, from, laneStride, k, width << 2);
  if (width === 8) transposeFour(to + 16, from + (laneStride << 2), laneStride, k, width << 2);
  else transposeTwo(to + 16, from + (laneStride << 2), laneStride, k, width << 2);
}

/**
 * `to[step, lane] = from[lane, step]` for four lanes, four steps at a time; steps are `stepBytes` apart in
 * `to`.
 */
function transposeFour(to: usize, from: usize, laneStride: usize, k: usize, stepBytes: usize): void {
  let lane0 = from;
  let lane1 = lane0 + laneStride;
  let lane2 = lane1 + laneStride;
  let lane3 = lane2 + laneStride;
  const end = from + (k << 2);
  const vectorEnd = from + ((k & ~3) << 2);
  for (; lane0 < vectorEnd; lane0 += 16, lane1 += 16, lane2 += 16, lane3 += 16) {
    const x0 = v128.load(lane0);
    const x1 = v128.load(lane1);
    const x2 = v128.load(lane2);
    const x3 = v128.load(lane3);
    const low01 = v128.shuffle<f32>(x0, x1, 0, 4, 1, 5);
    const high01 = v128.shuffle<f32>(x0, x1, 2, 6, 3, 7);
    const low23 = v128.shuffle<f32>(x2, x3, 0, 4, 1, 5);
    const high23 = v128.shuffle<f32>(x2, x3, 2, 6, 3, 7);
    v128.store(to, v128.shuffle<f32>(low01, low23, 0, 1, 4, 5));
    v128.store(to + stepBytes, v128.shuffle<f32>(low01, low23, 2, 3, 6, 7));
    v128.store(to + stepBytes * 2, v128.shuffle<f32>(high01, high23, 0, 1, 4, 5));
    v128.store(to + stepBytes * 3, v128.shuffle<f32>(high01, high23, 2, 3, 6, 7));
    to += stepBytes << 2;
  }
  for (; lane0 < end; lane0 += 4, lane1 += 4, lane2 += 4, lane3 += 4, to += stepBytes) {
    store<f32>(to, load<f32>(lane0));
    store<f32>(to, load<f32>(lane1), 4);
    store<f32>(to, load<f32>(lane2), 8);
    store<f32>(to, load<f32>(lane3), 12);
  }
}

/** `to[step, lane] = from[lane, step]` for two lanes. */
function transposeTwo(to: usize, from: usize, laneStride: usize, k: usize, stepBytes: usize): void {
  for (const end = from + (k << 2); from < end; from += 4, to += stepBytes) {
    store<f32>(to, load<f32>(from));
    store<f32>(to, load<f32>(from + laneStride), 4);
  }
}

/** `to[c, r] = from[r, c]` for a `from` of few columns, its rows `stride` bytes apart. */
export function copyTransposed(to: usize, from: usize, stride: usize, rows: usize, cols: usize): void {
  for (let c: usize = 0; c < cols; c++, from += 4) {
    let x = from;
    for (const end = to + (rows << 2); to < end; to += 4, x += stride) store<f32>(to, load<f32>(x));
  }
}
