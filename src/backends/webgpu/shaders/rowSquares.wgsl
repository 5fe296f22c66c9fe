// Sums of squares over stretches of each row: out[r,s] = Σ_c x[r,c]² for c from s * stretch, `stretch` columns or the
// remaining ones.
//
// One workgroup of 64 threads per element of out: thread t sums the columns t, t + 64, … of the stretch; then, after one
// barrier, thread 0 adds up the 64 parts, in order: the same result each time.

const LANES = 64u;

var<workgroup> parts: array<f32, LANES>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let at = group.x + group.y * groups.x;
  let row = at / params.stretches;
  let first = at % params.stretches * params.stretch;
  var sum = 0.0;
  if (row < params.rows) {
    for (var c = first + lane; c < min(first + params.stretch, params.cols); c += LANES) {
      let value = x[row * params.cols + c];
      sum += value * value;
    }
  }
  parts[lane] = sum;
  workgroupBarrier();
  if (lane != 0u || row >= params.rows) {
    return;
  }
  var total = 0.0;
  for (var l = 0u; l < LANES; l++) {
    total += parts[l];
  }
  out[at] = total;
}
