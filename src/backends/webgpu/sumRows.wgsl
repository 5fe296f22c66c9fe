// Sums of stretches of rows: out[s,c] = Σ_r x[r,c] + beta * out[s,c] for r from s * stretch, `stretch` rows or
// what is left of them.
//
// x is [rows, cols], out [⌈rows / stretch⌉, cols]: with one stretch the sums over all rows, with more the rows of
// the next, smaller sum. One thread an element of out, which it sums up in order, the same each time; 64 threads a
// workgroup, workgroups in a grid of up to two dimensions. With beta = 0 out is never read.

struct Params {
  rows: u32,
  cols: u32,
  stretch: u32,
  beta: f32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.x + group.y * groups.x) * 64u + lane;
  let first = i / params.cols * params.stretch;
  if (first >= params.rows && i >= params.cols) {
    return;
  }
  let end = min(first + params.stretch, params.rows);
  var sum = 0.0;
  var at = first * params.cols + i % params.cols;
  for (var r = first; r < end; r++) {
    sum += x[at];
    at += params.cols;
  }
  if (params.beta != 0.0) {
    sum += params.beta * out[i];
  }
  out[i] = sum;
}
