/** The device in the header; if there is a choice, it opens on a click. */
import type { LabDevice } from '../client.js';
import '../../styles/language-device.css';

export interface DeviceChipProps {
  /** `CPU, 2 threads`. */
  readonly words: string;
  readonly device: LabDevice;
  /** Undefined if WebGPU is not available. */
  readonly graphicsCard: string | undefined;
  /** Why it cannot be changed now, as a sentence. */
  readonly obstacle: string | undefined;
  readonly onDevice: (device: LabDevice) => void;
}

export function DeviceChip({ words, device, graphicsCard, obstacle, onDevice }: DeviceChipProps) {
  if (graphicsCard === undefined) return <p class="lm-chip">{words}</p>;
  const choice = (name: LabDevice, label: string) => (
    <label>
      <input
        type="radio"
        name="device"
        checked={device === name}
        disabled={obstacle !== undefined && device !== name}
        onChange={() => onDevice(name)}
      />
      {label}
    </label>
  );
  return (
    <details class="lm-chip">
      <summary>{words}</summary>
      <fieldset>
        <legend>Compute on</legend>
        {choice('wasm', 'CPU')}
        {choice('webgpu', 'WebGPU (experimental)')}
        <p class="hint">
          {obstacle ??
            `WebGPU here is ${graphicsCard}: it may be faster or slower than the CPU, and gives slightly different numbers.`}
        </p>
      </fieldset>
    </details>
  );
}

/** Message for a browser that is too old. */
export function TooOld() {
  return (
    <p class="message error lm-too-old" role="status">
      <span>
        This browser is too old to run a model: that requires WebAssembly with SIMD, as in Chrome 91, Firefox
        89 or Safari 16.4 and newer. The recorded lesson still plays.
      </span>
    </p>
  );
}
