/** Pixels of an image of MNIST, 28 × 28. */
export const PIXELS = 28 * 28;
