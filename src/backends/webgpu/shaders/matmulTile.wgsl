// include: halves, packed, weights, finish
// Matrix product for large shapes: out[m,n] = alpha * op(a) op(b) + beta * out + bias.
//
// op(a) is [m, k] with element (i, l) at a[i * aRow + l * aCol], op(b) is [k, n] with element (l, j) at
// b[l * bRow + j * bCol]: the strides say whether a matrix is taken transposed. out is [m, n], bias [n].
//
// A workgroup of 16×16 threads computes a tile of 64×64. Thread (x, y) holds the 16 sums of the rows
// y + 16 i and the columns x + 16 j, i, j < 4. Along k it goes in steps of 16: all threads bring 64×16 of op(a)
// and 16×64 of op(b) into workgroup memory, each walking along the stride that is 1, then each multiplies.
// Both lie there with k as the slow index, in rows of 65, so that neither way of storing meets one bank only.
// Elements outside the matrices count as 0. Each sum is in the order of k.
//
// alpha, beta and bias come in once, at the end; with beta = 0 out is never read.

const TILE = 64u;
const STEP = 16u;
const PITCH = 65u;

var<workgroup> aTile: array<f32, STEP * PITCH>;
var<workgroup> bTile: array<f32, STEP * PITCH>;

fn storeRow(row: u32, col: u32, sums: vec4f) {
  if (row >= params.m) {
    return;
  }
  var rest = sums;
  for (var c = col; c < params.n; c += 16u) {
    finish(rest.x, row, c);
    if (c >= col + 48u) {
      break;
    }
    rest = rest.yzwx;
  }
}

@compute @workgroup_size(16, 16)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_id) thread: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let tile = group.x + group.y * groups.x;
  let tilesAcross = (params.n + TILE - 1u) / TILE;
  let top = tile / tilesAcross * TILE;
  let left = tile % tilesAcross * TILE;
  if (top >= params.m) {
    return;
  }
  let aAlongK = params.aCol == 1u;
  let bAlongK = params.bRow == 1u;

  var sums0 = vec4f();
  var sums1 = vec4f();
  var sums2 = vec4f();
  var sums3 = vec4f();
  for (var start = 0u; start < params.k; start += STEP) {
    for (var e = lane; e < TILE * STEP; e += 256u) {
      // (across, along): the place in the tile, across k and along it.
      let byK = vec2u(e / STEP, e % STEP);
      let byAcross = vec2u(e % TILE, e / TILE);
      let inA = select(byAcross, byK, aAlongK);
      let inB = select(byAcross, byK, bAlongK);
      let row = top + inA.x;
      let col = left + inB.x;
      let aK = start + inA.y;
      let bK = start + inB.y;
      var aValue = 0.0;
      var bValue = 0.0;
      if (row < params.m && aK < params.k) {
        aValue = a[row * params.aRow + aK * params.aCol];
      }
      if (col < params.n && bK < params.k) {
        bValue = weightAt(bK * params.bRow + col * params.bCol);
      }
      aTile[inA.y * PITCH + inA.x] = aValue;
      bTile[inB.y * PITCH + inB.x] = bValue;
    }
    workgroupBarrier();
    for (var l = 0u; l < STEP; l++) {
      let fromA = l * PITCH + thread.y;
      let fromB = l * PITCH + thread.x;
      let bRow = vec4f(bTile[fromB], bTile[fromB + 16u], bTile[fromB + 32u], bTile[fromB + 48u]);
      sums0 += aTile[fromA] * bRow;
      sums1 += aTile[fromA + 16u] * bRow;
      sums2 += aTile[fromA + 32u] * bRow;
      sums3 += aTile[fromA + 48u] * bRow;
    }
    workgroupBarrier();
  }
  storeRow(top + thread.y, left + thread.x, sums0);
  storeRow(top + thread.y + 16u, left + thread.x, sums1);
  storeRow(top + thread.y + 32u, left + thread.x, sums2);
  storeRow(top + thread.y + 48u, left + thread.x, sums3);
}
