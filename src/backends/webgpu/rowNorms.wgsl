// The length of each row: out[r] = sqrt(Σ_c x[r,c]²).
//
// One workgroup of 64 threads a row: thread t sums the columns t, t + 64, …; then, after one barrier, thread 0 adds up
// the 64 parts, in order: the same result each time.

struct Params {
  rows: u32,
  cols: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;

const LANES = 64u;

var<workgroup> parts: array<f32, LANES>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = group.x + group.y * groups.x;
  var sum = 0.0;
  if (row < params.rows) {
    for (var c = lane; c < params.cols; c += LANES) {
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
  out[row] = sqrt(total);
}
