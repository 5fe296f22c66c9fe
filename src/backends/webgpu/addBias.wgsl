// Adds a vector to every row, in place: out[r,c] += bias[c].
//
// out is [rows, cols], bias [cols]. One thread an element, 256 threads a workgroup, workgroups in a grid of
// up to two dimensions.

struct Params {
  length: u32,
  cols: u32,
}

@group(0) @binding(0) var<storage, read> bias: array<f32>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;

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
  out[i] += bias[i % params.cols];
}
