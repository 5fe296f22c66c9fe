// out[r,c] = x[r,c] * factors[r or c] + beta * out[r,c]: by row where params.byRow is 1. With beta = 0 out is never read.
//
// One thread an element, 256 threads a workgroup, workgroups in a grid of up to two dimensions.

struct Params {
  length: u32,
  cols: u32,
  byRow: u32,
  beta: f32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> factors: array<f32>;
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
  let at = select(i % params.cols, i / params.cols, params.byRow == 1u);
  var value = x[i] * factors[at];
  if (params.beta != 0.0) {
    value += params.beta * out[i];
  }
  out[i] = value;
}
