// include: attend, attentionGradient
// dQ[i,h] = Σ_j dS[i,h,j] k[j,g] + beta * dQ[i,h] over the keys that row i sees, dS as in attentionGradient.
//
// A workgroup of 64 threads takes a row of a head, 64 keys at a time: thread t computes dS of one key, then sums the
// dimensions t, t + 64, …, which it keeps in dQ. With beta = 0 dQ is not read before.

const LANES = 64u;

var<workgroup> gradients: array<f32, LANES>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let at = group.x + group.y * groups.x;
  if (at >= params.rows * params.heads) {
    return;
  }
  let h = at % params.heads;
  let own = at * params.dim;
  let visible = visibleTo(at / params.heads);
  for (var d = lane; d < params.dim; d += LANES) {
    var value = 0.0;
    if (params.beta != 0.0) {
      value = params.beta * dQ[own + d];
    }
    dQ[own + d] = value;
  }
  for (var first = 0u; first < visible.total; first += LANES) {
    let count = min(LANES, visible.total - first);
    if (lane < count) {
      gradients[lane] = scoreGradient(own, keyStart(keyAt(visible, first + lane), h), at);
    }
    workgroupBarrier();
    for (var d = lane; d < params.dim; d += LANES) {
      var sum = dQ[own + d];
      for (var l = 0u; l < count; l++) {
        sum += gradients[l] * k[keyStart(keyAt(visible, first + l), h) + d];
      }
      dQ[own + d] = sum;
    }
    workgroupBarrier();
  }
}
