/** The beginning of the scratch memory of a product: its description, and from `SPILL_OFFSET` on the sums of a tile. */

export const HEAD_BYTES: usize = 512;
export const SPILL_OFFSET: usize = 256;
