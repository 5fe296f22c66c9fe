/** Chooses the kernel for a product, and its number of workgroups. */
import type { ShaderName } from './shaders.js';

export type MatmulKernel = Extract<ShaderName, `matmul${string}`>;

/** The sizes of a product of m×k by k×n. */
export interface MatmulSizes {
  readonly m: number;
  readonly k: number;
  readonly n: number;
}

export interface MatmulPlan {
  readonly kernel: MatmulKernel;
  readonly groups: number;
}

/** Chooses the kernel for a product of m×k by k×n, among those that it lists. */
export interface MatmulPlanner {
  readonly kernels: readonly MatmulKernel[];
  readonly plan: (dims: MatmulSizes) => MatmulPlan;
}

/** Settings that follow from the adapter unless they are given, so that every kernel and every grid can be tested on any. */
export interface Tuning {
  /** Chooses the kernel that multiplies given shapes. */
  readonly matmul?: MatmulPlanner | undefined;
  /** Maximum workgroups in one dimension of a dispatch. */
  readonly maxGroups?: number | undefined;
  /** Whether kernels are compiled when the device is opened, or each at its first call. */
  readonly compile?: 'at opening' | 'at first call' | undefined;
}

// These three are estimates from the number of processors and the latency of their memory, not measured on a
// card.

/** Up to this k, a thread alone is faster than sharing. */
const SHORT_K = 32;
/** With fewer tiles than this, some processors of a card have none. */
const MANY_TILES = 64;
/** With fewer rows or columns than this, most of a tile would lie outside. */
const THIN = 24;

/** One kernel for every shape. */
export const always = {
  block: {
    kernels: ['matmulBlock'],
    plan: ({ m, n }) => {
      const blocks = Math.ceil(m / 4) * Math.ceil(n / 4);
      return { kernel: 'matmulBlock', groups: Math.ceil(blocks / 64) };
    },
  },
  thin: {
    kernels: ['matmulThin'],
    plan: ({ m, n }) => ({ kernel: 'matmulThin', groups: Math.ceil(m / 4) * Math.ceil(n / 4) }),
  },
  tile: {
    kernels: ['matmulTile'],
    plan: ({ m, n }) => ({ kernel: 'matmulTile', groups: Math.ceil(m / 64) * Math.ceil(n / 64) }),
  },
} as const satisfies Record<string, MatmulPlanner>;

/** For a graphics card: enough threads for every shape, and sharing where it saves reading. */
export const matmulOnCard: MatmulPlanner = {
  kernels: ['matmulBlock', 'matmulThin', 'matmulTile'],
  plan: (dims) => {
    const { m, k, n } = dims;
    if (k <= SHORT_K) return always.block.plan(dims);
    const tile = always.tile.plan(dims);
    return Math.min(m, n) <= THIN || tile.groups < MANY_TILES ? always.thin.plan(dims) : tile;
  },
};

/**
 * For a software adapter, where threads that wait for each other cost more than the product: measured on
 * SwiftShader, 256×256×256 takes 36 ms in blocks, 76 in tiles, 620 thin; 10×784×256 takes 6, 56 and 55. The
 * kernels in which threads wait also take most of the time that compiling takes.
 */
export const matmulInSoftware: MatmulPlanner = always.block;
