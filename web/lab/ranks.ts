/** The figure of the page can be dragged through the ranks from 1 to this. */
export const MOST_RANK = 16;
