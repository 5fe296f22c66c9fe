// Cross-entropy of each row and its gradient, with the row's maximum subtracted first:
//   rowLoss[r] = log Σ_c exp(x[r,c]) − x[r,t]
//   dLogits[r,c] = (exp(x[r,c]) / Σ_c exp(x[r,c]) − [c = t]) / rows,   t = targets[r].
//
// logits and dLogits are [rows, cols], targets and rowLoss [rows]. A workgroup of 64 threads takes a row,
// thread t the columns t, t + 64, …; the maximum and the sum are combined in workgroup memory in a fixed
// order, so that the result is the same each time.
//
// A row with NaN, or with +infinity as its maximum, becomes NaN, as does one whose target is out of range.
// WGSL may assume that there is no NaN or infinity, so both are found by their bits, and the NaN that is
// written comes from the host.

const LANES = 64u;
const LOWEST = -3.4028234e38;

var<workgroup> maxima: array<f32, LANES>;
var<workgroup> sums: array<f32, LANES>;
/** Not 0 where a thread met NaN or +infinity. */
var<workgroup> broken: array<u32, LANES>;

fn isNanOrInfinity(x: f32) -> bool {
  let bits = bitcast<u32>(x);
  return (bits >= 0x7f800000u && bits < 0x80000000u) || bits > 0xff800000u;
}

@compute @workgroup_size(64)
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
  var most = LOWEST;
  var isBroken = 0u;
  for (var c = lane; c < params.cols; c += LANES) {
    let x = logits[start + c];
    if (isNanOrInfinity(x)) {
      isBroken = 1u;
    } else {
      most = max(most, x);
    }
  }
  maxima[lane] = most;
  broken[lane] = isBroken;
  workgroupBarrier();
  for (var l = 0u; l < LANES; l++) {
    most = max(most, maxima[l]);
    isBroken |= broken[l];
  }

  var sum = 0.0;
  for (var c = lane; c < params.cols; c += LANES) {
    sum += exp(logits[start + c] - most);
  }
  sums[lane] = sum;
  workgroupBarrier();
  sum = 0.0;
  for (var l = 0u; l < LANES; l++) {
    sum += sums[l];
  }

  let t = targets[row];
  if (t < 0 || t >= i32(params.cols)) {
    isBroken = 1u;
  }
  for (var c = lane; c < params.cols; c += LANES) {
    let hit = select(0.0, 1.0, i32(c) == t);
    let d = (exp(logits[start + c] - most) / sum - hit) / f32(params.rows);
    dLogits[start + c] = select(d, params.nan, isBroken != 0u);
  }
  if (lane != 0u) {
    return;
  }
  if (isBroken != 0u) {
    rowLoss[row] = params.nan;
  } else {
    rowLoss[row] = log(sum) - (logits[start + u32(t)] - most);
  }
}
