// Root mean square normalisation of rows: scales[r] = 1 / √(mean_c x[r,c]² + eps), out[r,c] = x[r,c] * scales[r] * weight[c].
//
// One workgroup of 64 threads per row: thread t takes the columns t, t + 64, …; after one barrier each adds up the 64 parts,
// in order: the same result each time.

const LANES = 64u;

var<workgroup> parts: array<f32, LANES>;

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
  var sum = 0.0;
  for (var c = lane; c < params.cols; c += LANES) {
    let value = x[start + c];
    sum += value * value;
  }
  parts[lane] = sum;
  workgroupBarrier();
  sum = 0.0;
  for (var l = 0u; l < LANES; l++) {
    sum += parts[l];
  }
  let scale = 1.0 / sqrt(sum / f32(params.cols) + params.eps);
  for (var c = lane; c < params.cols; c += LANES) {
    out[start + c] = x[start + c] * scale * weight[c];
  }
  if (lane == 0u) {
    scales[row] = scale;
  }
}
