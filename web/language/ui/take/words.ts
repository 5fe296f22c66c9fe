import { megabytes } from '../../../format.js';

/** `3 kB. `, `4.9 MB. `: said first; nothing while it is not known. */
export const sizeOf = (bytes: number | undefined) => {
  if (bytes === undefined) return '';
  return bytes < 50_000 ? `${Math.max(1, Math.round(bytes / 1000))} kB. ` : `${megabytes(bytes)} MB. `;
};
