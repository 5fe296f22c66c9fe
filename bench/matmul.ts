/** The matmul shapes that are measured: squares for the peak, thin and rank-sized products for training. */

export interface MatmulShape {
  readonly m: number;
  readonly k: number;
  readonly n: number;
}

export const MATMUL_SHAPES: readonly MatmulShape[] = [
  { m: 256, k: 256, n: 256 },
  { m: 512, k: 512, n: 512 },
  { m: 1024, k: 1024, n: 1024 },
  { m: 10, k: 784, n: 256 },
  { m: 10, k: 784, n: 2 },
];

/** NN, NT and TN: the products of forward and backward passes. */
export const TRANSPOSES = [
  { letters: 'NN', transA: false, transB: false },
  { letters: 'NT', transA: false, transB: true },
  { letters: 'TN', transA: true, transB: false },
] as const;

/** 10⁹ multiplications and additions per second. */
export function gflops({ m, k, n }: MatmulShape, seconds: number): number {
  return (2 * m * k * n) / seconds / 1e9;
}
