// state[1] += 1, in the state of a dropout: seed, count. One thread.

@compute @workgroup_size(1)
fn main() {
  state[1] += 1;
}
