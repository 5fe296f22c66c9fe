/** Layout of the operands of an integer product in the scratch memory, and the sizes of its blocks. */
import { HEAD_BYTES } from '../matmul/scratch';

/** Steps that share a scale in a rounded row, as codes of 16 bits. */
export const BLOCK: usize = 32;
export const BLOCK_CODE_BYTES: usize = BLOCK << 1;

/** Sides of a register tile. */
export const TILE_ROWS: usize = 4;
export const TILE_COLS: usize = 8;
/** Bytes of two steps of a panel, which lie side by side for each column. */
export const PAIR_BYTES: usize = TILE_COLS << 2;
/** Bytes of the scales of a group of a panel, and of its minimums. */
export const LANE_BYTES: usize = TILE_COLS << 2;

/** A block of rounded rows (256 KiB) and one of panels (320 KiB at most) stay in the second-level cache together. */
export const MOST_STEPS: usize = 256;
export const MOST_ROWS: usize = 512;
export const MOST_COLS: usize = 512;

/** The finest groups have 16 weights. */
const MOST_GROUPS: usize = MOST_STEPS >> 4;

/** Offsets from the beginning of the scratch memory: the codes of rounded rows, their scales, and the sums of their groups. */
export const CODES: usize = HEAD_BYTES;
export const SCALES: usize = CODES + ((MOST_ROWS * MOST_STEPS) << 1);
export const SUMS: usize = SCALES + ((MOST_ROWS * MOST_GROUPS) << 2);
/** Then panels, and a panel as f32 before it is rounded. */
export const PANELS: usize = SUMS + ((MOST_ROWS * MOST_GROUPS) << 2);
export const FLOATS: usize =
  PANELS + (MOST_COLS / TILE_COLS) * ((MOST_STEPS >> 1) * PAIR_BYTES + MOST_GROUPS * 2 * LANE_BYTES);
export const INTEGER_SCRATCH_BYTES: usize = FLOATS + ((MOST_STEPS * TILE_COLS) << 2);

/** Maximum length of a single row: its codes, as 16 bits and as bytes, scales and sums fit into the memory of a block of rows. */
export const MOST_STEPS_OF_ROW: usize = (MOST_ROWS * MOST_STEPS) >> 1;
