// Appends a number to a list that counts itself: list[1 + list[0]] = x[0], list[0] += 1.
//
// A full list, of params.capacity elements with the count, does not change. One thread.

@compute @workgroup_size(1)
fn main() {
  let at = 1u + u32(list[0]);
  if (at >= params.capacity) {
    return;
  }
  list[at] = x[0];
  list[0] = f32(at);
}
