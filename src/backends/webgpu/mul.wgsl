// out[i] = a[i] * b[i * bStride] + beta * out[i], with bStride 0 where one number multiplies all.
//
// One thread an element, 256 threads a workgroup, workgroups in a grid of up to two dimensions. With beta = 0
// out is never read.

struct Params {
  length: u32,
  bStride: u32,
  beta: f32,
}

@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
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
  var value = a[i] * b[i * params.bStride];
  if (params.beta != 0.0) {
    value += params.beta * out[i];
  }
  out[i] = value;
}
