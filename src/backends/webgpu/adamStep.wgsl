// One Adam step, in place, with h as ADAM_HYPER of backend.ts names it:
//   g = grad + weightDecay * p          p −= decoupledDecay * p
//   m += (1 − beta1)(g − m)             v = beta2 v + (1 − beta2) g²
//   p −= stepSize * m / (√v / biasCorrection2Sqrt + eps)
//
// The numbers of the step lie in device memory, so that the step can be recorded once and replayed.
// One thread an element, 256 threads a workgroup, workgroups in a grid of up to two dimensions.

struct Params {
  length: u32,
}

struct Hyper {
  stepSize: f32,
  biasCorrection2Sqrt: f32,
  oneMinusBeta1: f32,
  beta2: f32,
  oneMinusBeta2: f32,
  eps: f32,
  weightDecay: f32,
  decoupledDecay: f32,
}

@group(0) @binding(0) var<storage, read> grad: array<f32>;
@group(0) @binding(1) var<storage, read> h: Hyper;
@group(0) @binding(2) var<storage, read_write> p: array<f32>;
@group(0) @binding(3) var<storage, read_write> m: array<f32>;
@group(0) @binding(4) var<storage, read_write> v: array<f32>;
@group(0) @binding(5) var<uniform> params: Params;

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
  let old = p[i];
  let g = grad[i] + h.weightDecay * old;
  let mean = m[i] + h.oneMinusBeta1 * (g - m[i]);
  let square = h.beta2 * v[i] + h.oneMinusBeta2 * g * g;
  m[i] = mean;
  v[i] = square;
  let decayed = old - h.decoupledDecay * old;
  p[i] = decayed - h.stepSize * mean / (sqrt(square) / h.biasCorrection2Sqrt + h.eps);
}
