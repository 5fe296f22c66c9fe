// include: attend, attentionGradient
// dK[j,g] = Σ dS[i,h,j] q[i,h] + beta * dK[j,g] over the rows i that see key j and the heads h of g, in order.
//
// A workgroup of 64 threads takes a key of a head of k, 64 pairs of a row and a head at a time: thread t computes the weight
// of one, 0 where the row does not see the key, then sums the dimensions t, t + 64, …, which it keeps in dK. With
// beta = 0 dK is not read before.

const LANES = 64u;

var<workgroup> weights: array<f32, LANES>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let at = group.x + group.y * groups.x;
  if (at >= params.keys * params.kvHeads) {
    return;
  }
  let j = at / params.kvHeads;
  let key = at * params.dim;
  let each = params.heads / params.kvHeads;
  let firstHead = at % params.kvHeads * each;
  for (var d = lane; d < params.dim; d += LANES) {
    var value = 0.0;
    if (params.beta != 0.0) {
      value = params.beta * dK[key + d];
    }
    dK[key + d] = value;
  }
  for (var first = 0u; first < params.rows * each; first += LANES) {
    let count = min(LANES, params.rows * each - first);
    if (lane < count) {
      let i = (first + lane) / each;
      let row = i * params.heads + firstHead + (first + lane) % each;
      var weight = 0.0;
      if (isVisible(i, j)) {
        weight = scoreGradient(row * params.dim, key, row);
      }
      weights[lane] = weight;
    }
    workgroupBarrier();
    for (var d = lane; d < params.dim; d += LANES) {
      var sum = dK[key + d];
      for (var l = 0u; l < count; l++) {
        let row = (first + l) / each * params.heads + firstHead + (first + l) % each;
        if (weights[l] != 0.0) {
          sum += weights[l] * q[row * params.dim + d];
        }
      }
      dK[key + d] = sum;
    }
    workgroupBarrier();
  }
}
