// include: halves, packed, weights, finish
// Matrix product without shared memory: out[m,n] = alpha * op(a) op(b) + beta * out + bias.
//
// op(a) is [m, k] with element (i, l) at a[i * aRow + l * aCol], op(b) is [k, n] with element (l, j) at
// b[l * bRow + j * bCol]: the strides say whether a matrix is taken transposed. out is [m, n], bias [n].
//
// One thread computes a block of 4×4, each sum in the order of k; 64 threads per workgroup, side by side along
// the columns first; workgroups in a grid of up to two dimensions. Nothing is shared, so no thread waits for
// another: for a short k, and for adapters where waiting costs more than reading again. Rows and columns
// beyond the edge repeat the last one and are not stored.
//
// alpha, beta and bias come in once, at the end; with beta = 0 out is never read.

fn storeRow(row: u32, left: u32, sums: vec4f) {
  if (row >= params.m) {
    return;
  }
  var rest = sums;
  for (var col = left; col < min(left + 4u, params.n); col++) {
    finish(rest.x, row, col);
    rest = rest.yzwx;
  }
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let block = (group.x + group.y * groups.x) * 64u + lane;
  let blocksAcross = (params.n + 3u) / 4u;
  let top = block / blocksAcross * 4u;
  let left = block % blocksAcross * 4u;
  if (top >= params.m) {
    return;
  }
  var inA = min(top + vec4u(0u, 1u, 2u, 3u), vec4u(params.m - 1u)) * params.aRow;
  var inB = min(left + vec4u(0u, 1u, 2u, 3u), vec4u(params.n - 1u)) * params.bCol;
  let aStep = vec4u(params.aCol);
  let bStep = vec4u(params.bRow);
  var sums0 = vec4f();
  var sums1 = vec4f();
  var sums2 = vec4f();
  var sums3 = vec4f();
  // Two loops, since a test for each element would cost as much as the product.
  if (params.bType == F32) {
    for (var l = 0u; l < params.k; l++) {
      let bRow = vec4f(bitcast<f32>(b[inB.x]), bitcast<f32>(b[inB.y]), bitcast<f32>(b[inB.z]), bitcast<f32>(b[inB.w]));
      sums0 += a[inA.x] * bRow;
      sums1 += a[inA.y] * bRow;
      sums2 += a[inA.z] * bRow;
      sums3 += a[inA.w] * bRow;
      inA += aStep;
      inB += bStep;
    }
  } else {
    for (var l = 0u; l < params.k; l++) {
      let bRow = vec4f(weightAt(inB.x), weightAt(inB.y), weightAt(inB.z), weightAt(inB.w));
      sums0 += a[inA.x] * bRow;
      sums1 += a[inA.y] * bRow;
      sums2 += a[inA.z] * bRow;
      sums3 += a[inA.w] * bRow;
      inA += aStep;
      inB += bStep;
    }
  }
  storeRow(top, left, sums0);
  storeRow(top + 1u, left, sums1);
  storeRow(top + 2u, left, sums2);
  storeRow(top + 3u, left, sums3);
}
