// A batch of rows from bytes: out[r,c] = bytes[indices[r], c] * scale + shift.
//
// bytes is [?, cols], four to a word with the first in the lowest bits; indices is [rows], out [rows, cols].
// One thread an element of out, 256 threads a workgroup, workgroups in a grid of up to two dimensions.

struct Params {
  length: u32,
  cols: u32,
  scale: f32,
  shift: f32,
}

@group(0) @binding(0) var<storage, read> bytes: array<u32>;
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
  let at = u32(indices[i / params.cols]) * params.cols + i % params.cols;
  let byte = (bytes[at / 4u] >> (at % 4u * 8u)) & 0xffu;
  out[i] = f32(byte) * params.scale + params.shift;
}
