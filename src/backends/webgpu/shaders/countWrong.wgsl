// include: nan
// Counts rows and wrong predictions per class: counts[t] += 1, and counts[cols + t] += 1 where the first largest
// logit is not at t = targets[r] (or is NaN). Rows whose target is out of range are not counted.
//
// logits is [rows, cols], targets [rows], counts [2, cols]. One thread per row. The sums are of integers, so their order does not matter.
// NaN is found by its bits, because WGSL may assume that there is none: it is never larger than another
// number, and in column 0 no other number is larger than it.

fn element(i: u32) {
  let t = targets[i];
  if (t < 0 || t >= i32(params.cols)) {
    return;
  }
  let start = i * params.cols;
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
