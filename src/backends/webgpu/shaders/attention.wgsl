// include: attend
// Attention of one row and head: out[i,h] = Σ_j softmax_j(scale q[i,h] · k[j,g]) v[j,g] over the keys that ranges[i] lets row i see, and
// stats[i,h] = the logarithm of the softmax's denominator, 0.
//
// A workgroup of 64 threads takes a row of a head, 64 keys at a time: thread t computes one score, then sums the dimensions
// t, t + 64, …, which it keeps in out. The sums so far are scaled down where a later key has a larger score.

const LANES = 64u;
const LOWEST = -3.4028234e38;

var<workgroup> scores: array<f32, LANES>;

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
  let i = at / params.heads;
  let h = at % params.heads;
  let own = at * params.dim;
  let visible = visibleTo(i);
  for (var d = lane; d < params.dim; d += LANES) {
    out[own + d] = 0.0;
  }
  var most = LOWEST;
  var total = 0.0;
  for (var first = 0u; first < visible.total; first += LANES) {
    let count = min(LANES, visible.total - first);
    if (lane < count) {
      scores[lane] = scoreOf(own, keyStart(keyAt(visible, first + lane), h));
    }
    workgroupBarrier();
    var larger = most;
    for (var l = 0u; l < count; l++) {
      larger = max(larger, scores[l]);
    }
    let before = exp(most - larger);
    most = larger;
    workgroupBarrier();
    if (lane < count) {
      scores[lane] = exp(scores[lane] - most);
    }
    workgroupBarrier();
    total *= before;
    for (var l = 0u; l < count; l++) {
      total += scores[l];
    }
    for (var d = lane; d < params.dim; d += LANES) {
      var weighted = out[own + d] * before;
      for (var l = 0u; l < count; l++) {
        weighted += scores[l] * v[keyStart(keyAt(visible, first + l), h) + d];
      }
      out[own + d] = weighted;
    }
    workgroupBarrier();
  }
  let isEmpty = visible.total == 0u;
  if (!isEmpty) {
    for (var d = lane; d < params.dim; d += LANES) {
      out[own + d] = out[own + d] / total;
    }
  }
  if (lane == 0u) {
    stats[2u * at] = select(most + log(total), 0.0, isEmpty);
    stats[2u * at + 1u] = 0.0;
  }
}
