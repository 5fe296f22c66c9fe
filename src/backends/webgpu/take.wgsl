// Rows of a table by index: out[r,c] = table[indices[r] * rowStride + c * colStride], or NaN where an index is not from 0
// to count - 1. That NaN comes from the host, because WGSL may take it that there is none.
//
// One thread an element, 256 threads a workgroup, workgroups in a grid of up to two dimensions.

struct Params {
  length: u32,
  cols: u32,
  rowStride: u32,
  colStride: u32,
  count: u32,
  nan: f32,
}

@group(0) @binding(0) var<storage, read> table: array<f32>;
@group(0) @binding(1) var<storage, read> indices: array<i32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.x + group.y * groups.x) * 256u + lane;
  if (i >= params.length) {
    return;
  }
  let row = u32(indices[i / params.cols]);
  // A negative index is a large one without its sign.
  if (row >= params.count) {
    out[i] = params.nan;
    return;
  }
  out[i] = table[row * params.rowStride + i % params.cols * params.colStride];
}
