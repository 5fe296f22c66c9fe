// out[i] = h(i) < threshold ? 0 : kept, h a hash of i, a seed and a count.
//
// One thread an element, 256 threads a workgroup, workgroups in a grid of up to two dimensions.

struct Params {
  length: u32,
  threshold: u32,
  kept: f32,
}

@group(0) @binding(0) var<storage, read> state: array<i32>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;

/** The last steps of MurmurHash3. */
fn mix32(value: u32) -> u32 {
  var x = value;
  x = (x ^ (x >> 16u)) * 0x85ebca6bu;
  x = (x ^ (x >> 13u)) * 0xc2b2ae35u;
  return x ^ (x >> 16u);
}

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
  let a = mix32(u32(state[0]) + u32(state[1]) * 0x9e3779b9u);
  let hash = mix32(mix32(i ^ a) + (a ^ 0x85ebca6bu));
  out[i] = select(params.kept, 0.0, hash < params.threshold);
}
