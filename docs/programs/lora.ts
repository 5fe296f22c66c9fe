/** A LoRA layer by hand, and the same by the library. */
// #region imports
import {
  add,
  applyLora,
  countParameters,
  Linear,
  matmul,
  Random,
  Sequential,
  selectDevice,
  tensor,
} from 'lowrank';

const { device } = await selectDevice({ deterministic: true });
// #endregion imports

// #region layer
const random = new Random(0);
const layer = new Linear(device, 64, 32, { random });
const values = (count: number) =>
  Array.from({ length: count }, () => random.normal());
const x = tensor(device, values(5 * 64), [5, 64]);

const [rank, alpha] = [4, 8];
const scaling = alpha / rank;
const A = tensor(device, values(rank * 64), [rank, 64]);
const B = tensor(device, values(32 * rank), [32, rank]);

// y = xWᵀ + b + s·(xAᵀ)Bᵀ: two thin products beside the frozen one.
const thin = matmul(matmul(x, A, { transB: true }), B, {
  transB: true,
});
const y = add(layer.forward(x), thin, { alpha: scaling });

// The same layer with the update in its weight: W + s·BA.
const W = add(layer.weight, matmul(B, A), { alpha: scaling });
const merged = add(matmul(x, W, { transB: true }), layer.bias ?? x);

const difference = largest(await y.read(), await merged.read());
console.log(
  `two ways to compute it differ by less than 1e-4: ${difference < 1e-4}`,
);
// #endregion layer

// #region library
const model = new Sequential(layer);
const before = await model.forward(x).read();
const adapter = await applyLora(model, { rank, alpha });
const { base, trainable } = countParameters(model);
console.log(`${base} numbers are frozen, ${trainable} are trained`);

// B is zero at the start: the adapter changes nothing yet.
console.log(
  `equal before training: ${largest(before, await model.forward(x).read()) === 0}`,
);

for (const { loraA, loraB } of adapter.factors.values()) {
  loraA.write(await A.read());
  loraB.write(await B.read());
}
const library = largest(await y.read(), await model.forward(x).read());
console.log(
  `the library's layer differs from ours by less than 1e-4: ${library < 1e-4}`,
);

adapter.enabled = false;
console.log(
  `switched off, equal to the base: ${largest(before, await model.forward(x).read()) === 0}`,
);
// #endregion library

device.dispose();

/** The largest difference of two lists of numbers. */
function largest(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Array.from(a).reduce(
    (most, value, i) => Math.max(most, Math.abs(value - b[i])),
    0,
  );
}
