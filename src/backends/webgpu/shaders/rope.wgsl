// Rotary positions: of each dim columns of x [rows, cols] the pairs of c and c + dim/2 are rotated by the angles whose cosines and
// sines stand in row positions[r] of tables [count, dim/2], back if inverse is not 0:
//   out[r,c] = x[r,c] cos − x[r,c+dim/2] sin, out[r,c+dim/2] = x[r,c+dim/2] cos + x[r,c] sin, each + beta * out.
// A position that is not from 0 to count - 1 gives a row of NaN, which comes from the host, because WGSL may assume that there
// is none. With beta = 0 out is never read.

fn element(i: u32) {
  let position = u32(positions[i / params.cols]);
  // As an unsigned number, a negative position is a large one.
  if (position >= params.count) {
    out[i] = params.nan;
    return;
  }
  let half = params.dim / 2u;
  let c = i % params.cols % params.dim;
  let at = position * half + c % half;
  let isFirst = c < half;
  let other = x[select(i - half, i + half, isFirst)];
  let sine = select(sin[at], -sin[at], isFirst != (params.inverse != 0u));
  var value = x[i] * cos[at] + other * sine;
  if (params.beta != 0.0) {
    value += params.beta * out[i];
  }
  out[i] = value;
}
