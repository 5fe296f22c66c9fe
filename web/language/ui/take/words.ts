import { count, megabytes } from '../../../format.js';
import type { AdapterInfo } from '../../api.js';

/** `3 kB. `, `4.9 MB. `, the start of a line; empty while the size is unknown. */
export const sizeOf = (bytes: number | undefined) => {
  if (bytes === undefined) return '';
  return bytes < 50_000 ? `${Math.max(1, Math.round(bytes / 1000))} kB. ` : `${megabytes(bytes)} MB. `;
};

/** Bytes of an adapter's numbers as f32, nearly the whole size of its files. */
export const numberBytes = ({ trainable }: Pick<AdapterInfo, 'trainable'>) => 4 * trainable;

/** What an adapter was taught, which is unknown for one from another program. */
export const taughtWords = ({ rows, steps }: Pick<AdapterInfo, 'rows' | 'steps'>) =>
  steps === 0 ? 'It was taught elsewhere.' : `Taught ${count(rows, 'example')} in ${count(steps, 'step')}.`;
