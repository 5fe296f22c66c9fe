/** Highest rank of the slider in the page's figure. */
export const MOST_RANK = 16;
