// x[i] *= min(1, maxNorm / (norm[0] + 1e-6)); a norm of NaN makes all NaN.
//
// Looks at the bits, because WGSL may take it that there is no NaN: without the sign, NaN lies above infinity, 0x7f800000.
//
// One thread an element, 256 threads a workgroup, workgroups in a grid of up to two dimensions.

struct Params {
  length: u32,
  maxNorm: f32,
}

@group(0) @binding(0) var<storage, read> norm: array<u32>;
@group(0) @binding(1) var<storage, read_write> x: array<u32>;
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
  let bits = norm[0];
  if ((bits & 0x7fffffffu) > 0x7f800000u) {
    x[i] = bits;
    return;
  }
  let factor = params.maxNorm / (bitcast<f32>(bits) + 1e-6);
  if (factor < 1.0) {
    x[i] = bitcast<u32>(bitcast<f32>(x[i]) * factor);
  }
}
