// dX[i] = (x[i] > 0 ? dOut[i] : 0) + beta * dX[i].
//
// It tests the bits of x, because WGSL may assume that there is no NaN: a float above 0 has bits from 1 to
// those of infinity, 0x7f800000. With beta = 0 dX is never read.

fn element(i: u32) {
  let isAbove = x[i] >= 1u && x[i] <= 0x7f800000u;
  var value = 0.0;
  if (isAbove) {
    value = dOut[i];
  }
  if (params.beta != 0.0) {
    value += params.beta * dX[i];
  }
  dX[i] = value;
}
