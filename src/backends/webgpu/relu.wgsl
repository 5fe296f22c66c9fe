// out[i] = max(x[i], 0); NaN stays NaN.
//
// Looks at the bits, because WGSL may take it that there is no NaN, in max() as in a comparison: a float
// whose sign bit is set is below 0 (or −0) up to the bits of −infinity, 0xff800000, and NaN beyond.
// One thread an element, 256 threads a workgroup, workgroups in a grid of up to two dimensions.

struct Params {
  length: u32,
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
  if (i >= params.length) {
    return;
  }
  let bits = x[i];
  let isBelow = bits >= 0x80000000u && bits <= 0xff800000u;
  out[i] = select(bits, 0u, isBelow);
}
