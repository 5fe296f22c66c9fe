/** The lab in its worker, for a test to talk to. */
import { proxy, wrap } from 'comlink';
import type { LanguageLab } from '../../../../web/language/api.js';

const worker = new Worker(new URL('../../../../web/language/lab/worker.ts', import.meta.url), {
  type: 'module',
  name: location.href,
});
Object.assign(globalThis, { lab: wrap<LanguageLab>(worker), proxy });
