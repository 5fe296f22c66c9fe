/** The lab in its worker, for a test to talk to. */
import { proxy, wrap } from 'comlink';
import type { LanguageLab } from '../../../../web/language/api.js';
import { StopFlags, sharedMemory } from '../../../../web/language/stopFlags.js';

const worker = new Worker(new URL('../../../../web/language/lab/worker.ts', import.meta.url), {
  type: 'module',
  name: location.href,
});
const lab = wrap<LanguageLab>(worker);
const memory = sharedMemory();
if (memory) void lab.hearStops(memory);
Object.assign(globalThis, { lab, proxy, flags: new StopFlags(memory) });
