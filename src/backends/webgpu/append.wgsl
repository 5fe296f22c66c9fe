// Appends a number to a list that counts itself: list[1 + list[0]] = x[0], list[0] += 1.
//
// A full list, of params.length elements with the count, is left alone. One thread.

struct Params {
  length: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> list: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(1)
fn main() {
  let at = 1u + u32(list[0]);
  if (at >= params.length) {
    return;
  }
  list[at] = x[0];
  list[0] = f32(at);
}
