// The mean of the rows' losses: loss[0] = Σ_r rowLoss[r] / rows.
//
// One workgroup of 64 threads: thread t sums the rows t, t + 64, …; then, after one barrier, thread 0 adds up
// the 64 parts, in order: the same result each time. NaN in a row makes the mean NaN, by its bits, because WGSL
// may assume that there is none; the NaN that is written comes from the host. So does the mean of no rows.

const LANES = 64u;

var<workgroup> parts: array<f32, LANES>;
/** Not 0 where a thread met NaN. */
var<workgroup> broken: array<u32, LANES>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32) {
  var sum = 0.0;
  var isBroken = 0u;
  for (var r = lane; r < params.rows; r += LANES) {
    let x = rowLoss[r];
    if ((bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u) {
      isBroken = 1u;
    }
    sum += x;
  }
  parts[lane] = sum;
  broken[lane] = isBroken;
  workgroupBarrier();
  if (lane != 0u) {
    return;
  }
  var total = 0.0;
  for (var l = 0u; l < LANES; l++) {
    total += parts[l];
    isBroken |= broken[l];
  }
  if (isBroken != 0u || params.rows == 0u) {
    loss[0] = params.nan;
  } else {
    loss[0] = total / f32(params.rows);
  }
}
