import { count, megabytes } from '../../../format.js';
import type { AdapterInfo } from '../../api.js';

/** `3 kB. `, `4.9 MB. `: said first; nothing while it is not known. */
export const sizeOf = (bytes: number | undefined) => {
  if (bytes === undefined) return '';
  return bytes < 50_000 ? `${Math.max(1, Math.round(bytes / 1000))} kB. ` : `${megabytes(bytes)} MB. `;
};

/** All numbers of an adapter as f32, which is nearly all of its files. */
export const numberBytes = ({ trainable }: Pick<AdapterInfo, 'trainable'>) => 4 * trainable;

/** Nobody knows what an adapter from another program was taught. */
export const taughtWords = ({ rows, steps }: Pick<AdapterInfo, 'rows' | 'steps'>) =>
  steps === 0 ? 'It was taught elsewhere.' : `Taught ${count(rows, 'example')} in ${count(steps, 'step')}.`;
