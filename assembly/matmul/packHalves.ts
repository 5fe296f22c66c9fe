/** Panels of a frozen weight of 16-bit floats, unpacked while packing: a panel is always written in float32. */
import { ElementType } from '../commands.gen';
import { fourBfloats, fourHalves, loadFloat } from '../halves';

/** Columns of a panel. */
const WIDTH: usize = 8;
const STEP_BYTES: usize = WIDTH << 2;

/**
 * Copies `lanes` columns of op(b) into panels of eight, as packPanels does: for each of the `k` steps eight values side
 * by side, 0 for missing columns. Strides are in bytes.
 */
export function packHalves(
  to: usize,
  from: usize,
  type: i32,
  laneStride: usize,
  stepStride: usize,
  lanes: usize,
  k: usize,
): void {
  const panelBytes = k * STEP_BYTES;
  for (; lanes >= WIDTH; lanes -= WIDTH, from += laneStride * WIDTH, to += panelBytes) {
    if (laneStride === 2) {
      for (let step: usize = 0, at = from; step < k; step++, at += stepStride) {
        v128.store(to + step * STEP_BYTES, four(at, type));
        v128.store(to + step * STEP_BYTES, four(at + 8, type), 16);
      }
    } else if (stepStride === 2) {
      transposeFour(to, from, type, laneStride, k);
      transposeFour(to + 16, from + (laneStride << 2), type, laneStride, k);
    } else copyLanes(to, from, type, laneStride, stepStride, WIDTH, k);
  }
  if (lanes === 0) return;
  memory.fill(to, 0, panelBytes);
  copyLanes(to, from, type, laneStride, stepStride, lanes, k);
}

function four(from: usize, type: i32): v128 {
  return type === ElementType.bf16 ? fourBfloats(from) : fourHalves(from);
}

/** `to[step, lane] = from[lane, step]` for four lanes, four steps at a time. */
function transposeFour(to: usize, from: usize, type: i32, laneStride: usize, k: usize): void {
  const whole = k & ~3;
  let lane0 = from;
  for (let step: usize = 0; step < whole; step += 4, lane0 += 8, to += STEP_BYTES << 2) {
    const x0 = four(lane0, type);
    const x1 = four(lane0 + laneStride, type);
    const x2 = four(lane0 + laneStride * 2, type);
    const x3 = four(lane0 + laneStride * 3, type);
    const low01 = v128.shuffle<f32>(x0, x1, 0, 4, 1, 5);
    const high01 = v128.shuffle<f32>(x0, x1, 2, 6, 3, 7);
    const low23 = v128.shuffle<f32>(x2, x3, 0, 4, 1, 5);
    const high23 = v128.shuffle<f32>(x2, x3, 2, 6, 3, 7);
    v128.store(to, v128.shuffle<f32>(low01, low23, 0, 1, 4, 5));
    v128.store(to + STEP_BYTES, v128.shuffle<f32>(low01, low23, 2, 3, 6, 7));
    v128.store(to + STEP_BYTES * 2, v128.shuffle<f32>(high01, high23, 0, 1, 4, 5));
    v128.store(to + STEP_BYTES * 3, v128.shuffle<f32>(high01, high23, 2, 3, 6, 7));
  }
  copyLanes(to, lane0, type, laneStride, 2, 4, k - whole);
}

/** Value by value: `lanes` columns over `k` steps. */
function copyLanes(
  to: usize,
  from: usize,
  type: i32,
  laneStride: usize,
  stepStride: usize,
  lanes: usize,
  k: usize,
): void {
  for (let step: usize = 0; step < k; step++, from += stepStride, to += STEP_BYTES) {
    for (let lane: usize = 0; lane < lanes; lane++) {
      store<f32>(to + (lane << 2), loadFloat(from + lane * laneStride, type));
    }
  }
}
