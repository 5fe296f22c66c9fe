import type { DeviceName } from 'lowrank';
import { chooseDevice } from '../actions.js';
import { device } from '../state.js';
import { busy } from '../work.js';
import { Panel } from './panel.js';

const NAMES: Readonly<Record<DeviceName, string>> = {
  webgpu: 'WebGPU',
  wasm: 'WebAssembly',
  reference: 'Reference, exact and slow',
};

export function DevicePanel() {
  const view = device.value;
  return (
    <Panel id="device" step={6} title="The device">
      {view ? (
        <>
          <p>
            <strong>{NAMES[view.name]}</strong>
            {view.features.length > 0 && ` (${view.features.join(', ')})`}: {view.reason}.
          </p>
          <label class="field">
            <span>Compute on</span>
            <select
              value={view.name}
              disabled={busy.value}
              onChange={({ currentTarget }) => {
                const chosen = view.all.find(({ name }) => name === currentTarget.value);
                if (chosen) void chooseDevice(chosen.name);
              }}
            >
              {view.all
                .filter(({ available }) => available)
                .map(({ name }) => (
                  <option key={name} value={name}>
                    {NAMES[name]}
                  </option>
                ))}
            </select>
          </label>
          {view.all
            .filter(({ available }) => !available)
            .map(({ name, reason }) => (
              <p key={name} class="hint">
                {NAMES[name]} is not there: {reason}.
              </p>
            ))}
        </>
      ) : (
        <p class="hint">Looking for the fastest device …</p>
      )}
    </Panel>
  );
}
