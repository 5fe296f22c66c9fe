// Cross-entropy of each row and, in place of the logits, its gradient. With t = targets[r], s = scale[0] and the row's
// maximum subtracted first:
//   losses[r] = s (log Σ_c exp(x[r,c]) − x[r,t])
//   logits[r,c] = s (exp(x[r,c]) / Σ_c exp(x[r,c]) − [c = t]).
//
// logits is [rows, cols], targets and losses [rows]. A workgroup of 256 threads takes a row, thread l the columns
// l, l + 256, …: no other thread reads or writes those. Maximum and sum are combined in workgroup memory in a tree, in a
// fixed order, so that the result is the same each time.
//
// A target below 0 makes loss and row 0. A row with NaN, or with +infinity as its maximum, becomes NaN, as does one whose
// target is cols or more. WGSL may assume that there is no NaN or infinity, so both are found by their bits, and the NaN
// that is written comes from the host.

const LANES = 256u;
const LOWEST = -3.4028234e38;

var<workgroup> parts: array<f32, LANES>;
/** Not 0 where a thread met NaN or +infinity. */
var<workgroup> broken: array<u32, LANES>;

fn isNanOrInfinity(x: f32) -> bool {
  let bits = bitcast<u32>(x);
  return (bits >= 0x7f800000u && bits < 0x80000000u) || bits > 0xff800000u;
}

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = group.x + group.y * groups.x;
  if (row >= params.rows) {
    return;
  }
  let start = row * params.cols;
  let wanted = targets[row];
  var most = LOWEST;
  var isBroken = select(0u, 1u, wanted >= i32(params.cols));
  for (var c = lane; c < params.cols; c += LANES) {
    let x = logits[start + c];
    if (isNanOrInfinity(x)) {
      isBroken = 1u;
    } else {
      most = max(most, x);
    }
  }
  parts[lane] = most;
  broken[lane] = isBroken;
  for (var width = LANES / 2u; width > 0u; width /= 2u) {
    workgroupBarrier();
    if (lane < width) {
      parts[lane] = max(parts[lane], parts[lane + width]);
      broken[lane] |= broken[lane + width];
    }
  }
  workgroupBarrier();
  most = parts[0];
  isBroken = broken[0];
  workgroupBarrier();

  var sum = 0.0;
  for (var c = lane; c < params.cols; c += LANES) {
    sum += exp(logits[start + c] - most);
  }
  parts[lane] = sum;
  for (var width = LANES / 2u; width > 0u; width /= 2u) {
    workgroupBarrier();
    if (lane < width) {
      parts[lane] += parts[lane + width];
    }
  }
  workgroupBarrier();
  sum = parts[0];

  let isNone = wanted < 0;
  if (lane == 0u && (isNone || isBroken != 0u)) {
    losses[row] = select(params.nan, 0.0, isNone);
  }
  for (var c = lane; c < params.cols; c += LANES) {
    let x = logits[start + c];
    let isTarget = i32(c) == wanted;
    if (isNone) {
      logits[start + c] = 0.0;
    } else if (isBroken != 0u) {
      logits[start + c] = params.nan;
    } else {
      logits[start + c] = scale[0] * (exp(x - most) / sum - select(0.0, 1.0, isTarget));
    }
    if (isTarget && isBroken == 0u) {
      losses[row] = scale[0] * (log(sum) - (x - most));
    }
  }
}
