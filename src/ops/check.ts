/** Checks of every op before a kernel runs; messages read `op: rule: values`. */
import { isPackedType, PACKED } from '../backends/elementTypes.js';
import { DeviceError, ShapeError } from '../base/errors.js';
import { elementCount, isFrozenWeight, type Shape, type Tensor } from '../tensor.js';

/** Checks that all tensors live on one device and hold floats (`f32`). */
export function checkFloats(op: string, tensors: Readonly<Record<string, Tensor | undefined>>): void {
  let first: Tensor | undefined;
  for (const name in tensors) {
    const tensor = tensors[name];
    if (!tensor) continue;
    first ??= tensor;
    if (tensor.device !== first.device) {
      throw new DeviceError(`${op}: tensors live on different devices: ${name} on ${tensor.device.name}`);
    }
    if (tensor.dtype !== 'f32') throw new TypeError(`${op}: ${name} must be f32: got ${tensor.dtype}`);
  }
}

/** Checks a weight; a frozen one may also be 16-bit or packed where the kernel accepts that, a packed one in rows of whole groups. */
export function checkWeight(op: string, name: string, weight: Tensor, { device }: Tensor): void {
  const { dtype, shape } = weight;
  if (dtype !== 'f32' && !isFrozenWeight(weight))
    throw new TypeError(`${op}: ${name} must be f32, bf16, f16 or packed: got ${dtype}`);
  if (isPackedType(dtype) && shape[shape.length - 1] % PACKED[dtype].group !== 0)
    throw new ShapeError(
      `${op}: ${name} must have rows of whole groups of ${PACKED[dtype].group}: got [${shape}]`,
    );
  if (weight.device === device) return;
  throw new DeviceError(`${op}: tensors live on different devices: ${name} on ${weight.device.name}`);
}

/** Checks a tensor of integers such as class indices (`i32`), on the device of another tensor. */
export function checkIntegers(op: string, name: string, tensor: Tensor, { device }: Tensor): void {
  if (tensor.dtype !== 'i32') throw new TypeError(`${op}: ${name} must be i32: got ${tensor.dtype}`);
  if (tensor.device === device) return;
  throw new DeviceError(`${op}: tensors live on different devices: ${name} on ${tensor.device.name}`);
}

/** Checks a factor of a kernel, which would silently be 1 if it were left out. */
export function checkFactor(op: string, name: string, factor: number): void {
  if (typeof factor !== 'number') throw new TypeError(`${op}: ${name} must be a number: got ${factor}`);
}

/** Checks that `tensor` has exactly this shape. */
export function checkShape(op: string, name: string, tensor: Tensor, shape: Shape): void {
  if (tensor.shape.length !== shape.length || shape.some((size, i) => size !== tensor.shape[i])) {
    throw new ShapeError(`${op}: ${name} must be [${shape}]: got [${tensor.shape}]`);
  }
}

/** The two sizes of a matrix. */
export function matrixSize(op: string, name: string, tensor: Tensor): [rows: number, cols: number] {
  const [rows, cols] = tensor.shape;
  if (tensor.shape.length !== 2)
    throw new ShapeError(`${op}: ${name} must be a matrix: got [${tensor.shape}]`);
  return [rows, cols];
}

/** The number of rows of a tensor whose last dimension has `cols` elements, with the leading dimensions taken as one. */
export function rowCount(op: string, name: string, tensor: Tensor, cols: number): number {
  if (tensor.shape.length < 1 || tensor.shape[tensor.shape.length - 1] !== cols) {
    throw new ShapeError(`${op}: ${name} must be [..., ${cols}]: got [${tensor.shape}]`);
  }
  return elementCount(tensor.shape.slice(0, -1));
}
