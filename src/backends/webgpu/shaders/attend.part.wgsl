/** Keys that row i sees: those from … to, then those of the prefix, numbered from 0. */
struct Visible { start: u32, count: u32, prefixStart: u32, total: u32, }

/** A bound of row i, within 0 … keys. */
fn boundOf(i: u32, place: u32) -> u32 {
  return u32(clamp(ranges[4u * i + place], 0i, i32(params.keys)));
}

fn visibleTo(i: u32) -> Visible {
  let start = boundOf(i, 0u);
  let count = max(boundOf(i, 1u), start) - start;
  let prefixStart = boundOf(i, 2u);
  return Visible(start, count, prefixStart, count + max(boundOf(i, 3u), prefixStart) - prefixStart);
}

fn keyAt(visible: Visible, n: u32) -> u32 {
  return select(visible.prefixStart + n - visible.count, visible.start + n, n < visible.count);
}

fn isVisible(i: u32, j: u32) -> bool {
  return (j >= boundOf(i, 0u) && j < boundOf(i, 1u)) || (j >= boundOf(i, 2u) && j < boundOf(i, 3u));
}

/** Beginning of a key of head h in k and v. */
fn keyStart(j: u32, h: u32) -> u32 {
  return (j * params.kvHeads + h / (params.heads / params.kvHeads)) * params.dim;
}

/** scale q · k, for vectors that begin at these places. */
fn scoreOf(own: u32, key: u32) -> f32 {
  var sum = 0.0;
  for (var d = 0u; d < params.dim; d++) {
    sum += q[own + d] * k[key + d];
  }
  return params.scale * sum;
}
