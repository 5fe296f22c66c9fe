// dX[r,c] = s * d[c] − s³ * x[r,c] * mean_j (d[j] * x[r,j]) + beta * dX[r,c] with s = scales[r] and
// d[c] = dOut[r,c] * weight[c]. With beta = 0 dX is never read.
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
    sum += dOut[start + c] * weight[c] * x[start + c];
  }
  parts[lane] = sum;
  workgroupBarrier();
  sum = 0.0;
  for (var l = 0u; l < LANES; l++) {
    sum += parts[l];
  }
  let scale = scales[row];
  let pull = scale * scale * scale * sum / f32(params.cols);
  for (var c = lane; c < params.cols; c += LANES) {
    let i = start + c;
    var value = scale * dOut[i] * weight[c] - pull * x[i];
    if (params.beta != 0.0) {
      value += params.beta * dX[i];
    }
    dX[i] = value;
  }
}
