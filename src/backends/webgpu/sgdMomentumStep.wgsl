// One SGD step with momentum, in place, with h as SGD_HYPER of backend.ts names it:
//   g = grad + weightDecay * p          velocity = momentum * velocity + (1 − dampening) g
//   p −= learningRate * (nesterov ? g + momentum * velocity : velocity)
//
// The numbers of the step lie in device memory, so that the step can be recorded once and replayed.
// One thread an element, 256 threads a workgroup, workgroups in a grid of up to two dimensions.

struct Params {
  length: u32,
}

struct Hyper {
  learningRate: f32,
  momentum: f32,
  oneMinusDampening: f32,
  weightDecay: f32,
  nesterov: f32,
}

@group(0) @binding(0) var<storage, read> grad: array<f32>;
@group(0) @binding(1) var<storage, read> h: Hyper;
@group(0) @binding(2) var<storage, read_write> p: array<f32>;
@group(0) @binding(3) var<storage, read_write> velocity: array<f32>;
@group(0) @binding(4) var<uniform> params: Params;

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
  let g = grad[i] + h.weightDecay * p[i];
  let fresh = h.momentum * velocity[i] + h.oneMinusDampening * g;
  velocity[i] = fresh;
  var update = fresh;
  if (h.nesterov != 0.0) {
    update = g + h.momentum * fresh;
  }
  p[i] -= h.learningRate * update;
}
