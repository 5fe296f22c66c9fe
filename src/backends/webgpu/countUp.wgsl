// counts[1] += step, in the state of a dropout: seed, count. One thread.

struct Params {
  step: i32,
}

@group(0) @binding(0) var<storage, read_write> counts: array<i32>;
@group(0) @binding(1) var<uniform> params: Params;

@compute @workgroup_size(1)
fn main() {
  counts[1] += params.step;
}
