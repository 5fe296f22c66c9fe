// Counts rows and wrong predictions per class: counts[t] += 1, and counts[cols + t] += 1 where the first largest
// logit is not at t = targets[r] (or is NaN). Rows whose target is out of range are not counted.
//
// logits is [rows, cols], targets [rows], counts [2, cols]. One thread a row, 64 threads a workgroup,
// workgroups in a grid of up to two dimensions. The sums are of integers, so their order does not matter.
// NaN is found by its bits, because WGSL may take it that there is none: it is never larger than another
// number, and in column 0 no other number is larger than it.

struct Params {
  rows: u32,
  cols: u32,
}

@group(0) @binding(0) var<storage, read> logits: array<f32>;
@group(0) @binding(1) var<storage, read> targets: array<i32>;
@group(0) @binding(2) var<storage, read_write> counts: array<atomic<i32>>;
@group(0) @binding(3) var<uniform> params: Params;

fn isNan(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let r = (group.x + group.y * groups.x) * 64u + lane;
  if (r >= params.rows) {
    return;
  }
  let t = targets[r];
  if (t < 0 || t >= i32(params.cols)) {
    return;
  }
  let start = r * params.cols;
  var best = 0u;
  var most = logits[start];
  let isBroken = isNan(most);
  for (var c = 1u; c < params.cols; c++) {
    let x = logits[start + c];
    if (!isNan(x) && x > most) {
      most = x;
      best = c;
    }
  }
  atomicAdd(&counts[u32(t)], 1);
  if (isBroken || best != u32(t)) {
    atomicAdd(&counts[params.cols + u32(t)], 1);
  }
}
