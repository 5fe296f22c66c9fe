/** `--model` as it is written. It touches no file. */
import { broken, path } from '../values.js';

/** A path, or an address that can be fetched. @throws UsageError */
export function modelPlace(text: string): string {
  const isAddress = /^[a-z][a-z\d+.-]*:\/\//i.test(text);
  if (isAddress && !(/^https?:/i.test(text) && URL.canParse(text)))
    throw broken('--model', 'must be a path, or an address that begins with https://', text);
  return path('--model', text);
}
