/** The lab in its worker, for a test to talk to. */
import { proxy, wrap } from 'comlink';
import type { LanguageLab } from '../../../../web/language/api.js';
import { StopAddresses } from '../../../../web/language/stopAddresses.js';
import { StopFlags, sharedMemory } from '../../../../web/language/stopFlags.js';

const worker = new Worker(new URL('../../../../web/language/lab/worker.ts', import.meta.url), {
  type: 'module',
  name: location.href,
});
const lab = wrap<LanguageLab>(worker);
const memory = sharedMemory();
if (memory) void lab.hearStops(memory);
const addresses = new StopAddresses((what, address) => void lab.hearStopAt(what, address));
const flags = new StopFlags(memory, memory ? undefined : addresses);
Object.assign(globalThis, { lab, proxy, flags });
