import type { DeviceName } from 'lowrank';
import { chooseDevice } from '../../actions.js';
import { devices } from '../../devices.js';
import { device } from '../../state.js';
import { busy } from '../../work.js';

const NAMES: Readonly<Record<DeviceName, string>> = {
  webgpu: 'WebGPU',
  wasm: 'WebAssembly',
  reference: 'The reference, exact and slow',
};

export function Device() {
  const view = device.value;
  if (!view) return <p class="hint">The network is loading.</p>;
  const found = devices.value.filter(({ available }) => available).map(({ name }) => name);
  const choices = found.includes(view.name) ? found : [view.name, ...found];
  return (
    <>
      <p>
        It computes on <strong>{NAMES[view.name]}</strong>
        {view.name !== 'wasm' && ', chosen by you'}: {view.reason.replace(/^asked for by name: /, '')}.
      </p>
      <div class="field">
        <label for="device-choice">Compute on</label>
        <select
          id="device-choice"
          value={view.name}
          aria-disabled={busy.value}
          onChange={({ currentTarget }) => {
            const chosen = devices.value.find(({ name }) => name === currentTarget.value);
            if (chosen && !busy.value) void chooseDevice(chosen.name);
            // Until the new device is open, the list shows the present one.
            currentTarget.value = view.name;
          }}
        >
          {choices.map((name) => (
            <option key={name} value={name}>
              {NAMES[name]}
            </option>
          ))}
        </select>
      </div>
      {devices.value
        .filter(({ available }) => !available)
        .map(({ name, reason }) => (
          <p key={name} class="hint">
            {NAMES[name]} cannot be used here: {reason}.
          </p>
        ))}
    </>
  );
}
