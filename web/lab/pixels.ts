/** Pixels of an MNIST image, 28 × 28. */
export const PIXELS = 28 * 28;
