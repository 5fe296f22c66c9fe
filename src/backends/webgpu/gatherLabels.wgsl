// The class indices of a batch: out[r] = labels[indices[r]].
//
// labels are bytes, four to a word with the first in the lowest bits; indices and out are [rows].
// One thread a row, 256 threads a workgroup, workgroups in a grid of up to two dimensions.

struct Params {
  rows: u32,
}

@group(0) @binding(0) var<storage, read> labels: array<u32>;
@group(0) @binding(1) var<storage, read> indices: array<i32>;
@group(0) @binding(2) var<storage, read_write> out: array<i32>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let r = (group.x + group.y * groups.x) * 256u + lane;
  if (r >= params.rows) {
    return;
  }
  let at = u32(indices[r]);
  out[r] = i32((labels[at / 4u] >> (at % 4u * 8u)) & 0xffu);
}
