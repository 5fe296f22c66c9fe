import { count, megabytes } from '../../../format.js';
import type { AdapterInfo } from '../../api.js';
import { duration } from '../../duration.js';

type Taught = Pick<AdapterInfo, 'rows' | 'steps' | 'seconds' | 'seed' | 'trainsPrompts'>;

/** `3 kB. `, `4.9 MB. `, the start of a line; empty while the size is unknown. */
export const sizeOf = (bytes: number | undefined) => {
  if (bytes === undefined) return '';
  return bytes < 50_000 ? `${Math.max(1, Math.round(bytes / 1000))} kB. ` : `${megabytes(bytes)} MB. `;
};

/** Bytes of an adapter's numbers as f32, nearly the whole size of its files. */
export const numberBytes = ({ trainable }: Pick<AdapterInfo, 'trainable'>) => 4 * trainable;

/** What an adapter was taught, which is unknown for one from another program. */
export function taughtWords({ rows, steps, seconds, seed, trainsPrompts }: Taught): string {
  if (steps === 0) return 'It was taught elsewhere.';
  const time = seconds > 0 && duration(seconds);
  const seeded = seed !== undefined && `seed ${seed}`;
  const details = [time, seeded, trainsPrompts && 'prompts trained too'].filter(Boolean);
  const aside = details.length > 0 ? ` (${details.join(', ')})` : '';
  return `Taught ${count(rows, 'example')} in ${count(steps, 'step')}${aside}.`;
}

/** Whether it will be there on the next visit. */
export const keptWords = ({ keptSince }: Pick<AdapterInfo, 'keptSince'>) =>
  keptSince === undefined
    ? 'This browser does not keep it: download it before you leave.'
    : 'This browser keeps it for your next visit.';
