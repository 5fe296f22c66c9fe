// Adds rows into a table by index: table[indices[r] * rowStride + c * colStride] += x[r,c], but those whose index is not
// from 0 to count - 1.
//
// One thread a column c, 64 threads a workgroup: it goes down the rows, so that equal indices are added in order.

struct Params {
  rows: u32,
  cols: u32,
  rowStride: u32,
  colStride: u32,
  count: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> indices: array<i32>;
@group(0) @binding(2) var<storage, read_write> table: array<f32>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let c = (group.x + group.y * groups.x) * 64u + lane;
  if (c >= params.cols) {
    return;
  }
  for (var r = 0u; r < params.rows; r++) {
    let row = u32(indices[r]);
    // A negative index is a large one without its sign.
    if (row < params.count) {
      table[row * params.rowStride + c * params.colStride] += x[r * params.cols + c];
    }
  }
}
