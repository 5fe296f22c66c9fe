// Copies a storage of any element type: out[i] = x[i].
//
// Works on 32-bit words. The last word may belong to the storage only in part (bytes come four to a word):
// lastMask has ones where it does, and the other bytes of out keep what they hold.
// One thread a word, 256 threads a workgroup, workgroups in a grid of up to two dimensions.

struct Params {
  words: u32,
  lastMask: u32,
}

@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read_write> out: array<u32>;
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.x + group.y * groups.x) * 256u + lane;
  if (i >= params.words) {
    return;
  }
  if (i + 1u < params.words || params.lastMask == 0xffffffffu) {
    out[i] = x[i];
  } else {
    out[i] = (out[i] & ~params.lastMask) | (x[i] & params.lastMask);
  }
}
