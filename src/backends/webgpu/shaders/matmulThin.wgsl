// include: halves, packed, weights, finish
// Matrix product with few rows or columns and a long k: out[m,n] = alpha * op(a) op(b) + beta * out + bias.
//
// op(a) is [m, k] with element (i, l) at a[i * aRow + l * aCol], op(b) is [k, n] with element (l, j) at
// b[l * bRow + j * bCol]: the strides say whether a matrix is taken transposed. out is [m, n], bias [n].
//
// A workgroup of 64 threads computes a block of 4×4. Thread t takes l = t, t + 64, t + 128, … of all 16 sums;
// then, after one barrier, thread e < 16 adds up the 64 parts of element (e / 4, e % 4), in order: the same
// result each time. Rows and columns beyond the edge repeat the last one and are not stored.
//
// alpha, beta and bias come in once, at the end; with beta = 0 out is never read.

const LANES = 64u;

/** parts[e * LANES + t]: the part of element e from thread t. */
var<workgroup> parts: array<f32, 16u * LANES>;

fn keepRow(row: u32, lane: u32, sums: vec4f) {
  let at = row * 4u * LANES + lane;
  parts[at] = sums.x;
  parts[at + LANES] = sums.y;
  parts[at + 2u * LANES] = sums.z;
  parts[at + 3u * LANES] = sums.w;
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let block = group.x + group.y * groups.x;
  let blocksAcross = (params.n + 3u) / 4u;
  let top = block / blocksAcross * 4u;
  let left = block % blocksAcross * 4u;
  if (top >= params.m) {
    return;
  }
  let rows = min(top + vec4u(0u, 1u, 2u, 3u), vec4u(params.m - 1u)) * params.aRow;
  let cols = min(left + vec4u(0u, 1u, 2u, 3u), vec4u(params.n - 1u)) * params.bCol;

  var sums0 = vec4f();
  var sums1 = vec4f();
  var sums2 = vec4f();
  var sums3 = vec4f();
  for (var l = lane; l < params.k; l += LANES) {
    let inA = rows + l * params.aCol;
    let inB = cols + l * params.bRow;
    let bRow = vec4f(weightAt(inB.x), weightAt(inB.y), weightAt(inB.z), weightAt(inB.w));
    sums0 += a[inA.x] * bRow;
    sums1 += a[inA.y] * bRow;
    sums2 += a[inA.z] * bRow;
    sums3 += a[inA.w] * bRow;
  }
  keepRow(0u, lane, sums0);
  keepRow(1u, lane, sums1);
  keepRow(2u, lane, sums2);
  keepRow(3u, lane, sums3);
  workgroupBarrier();

  let row = top + lane / 4u;
  let col = left + lane % 4u;
  if (lane >= 16u || row >= params.m || col >= params.n) {
    return;
  }
  var sum = 0.0;
  for (var t = 0u; t < LANES; t++) {
    sum += parts[lane * LANES + t];
  }
  finish(sum, row, col);
}
