// dX[i] = (x[i] > 0 ? dOut[i] : 0) + beta * dX[i].
//
// Looks at the bits of x, because WGSL may take it that there is no NaN: a float above 0 has bits from 1 to
// those of infinity, 0x7f800000. With beta = 0 dX is never read.
// One thread an element, 256 threads a workgroup, workgroups in a grid of up to two dimensions.

struct Params {
  length: u32,
  beta: f32,
}

@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read> dOut: array<f32>;
@group(0) @binding(2) var<storage, read_write> dX: array<f32>;
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
  let isAbove = x[i] >= 1u && x[i] <= 0x7f800000u;
  var value = 0.0;
  if (isAbove) {
    value = dOut[i];
  }
  if (params.beta != 0.0) {
    value += params.beta * dX[i];
  }
  dX[i] = value;
}
