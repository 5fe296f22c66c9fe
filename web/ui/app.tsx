import { message, work } from '../state.js';
import { BasePanel } from './basePanel.js';
import { DevicePanel } from './devicePanel.js';
import { DrawPanel } from './drawPanel.js';
import { SeePanel } from './seePanel.js';
import { TakePanel } from './takePanel.js';
import { TeachPanel } from './teachPanel.js';

export function App() {
  return (
    <>
      <header>
        <h1>Teach a network your handwriting</h1>
        <p>
          A small network that reads digits, and LoRA: a few thousand numbers beside it that learn something
          new in seconds. Everything runs on this device; nothing you draw leaves it.
        </p>
      </header>
      <Messages />
      <main aria-busy={work.value !== undefined}>
        <BasePanel />
        <DrawPanel />
        <TeachPanel />
        <SeePanel />
        <TakePanel />
        <DevicePanel />
      </main>
      <footer>
        lowrank: LoRA fine-tuning for TypeScript, on WebAssembly and WebGPU. MNIST by Yann LeCun, Corinna
        Cortes and Chris Burges.
      </footer>
    </>
  );
}

/** What went wrong, or what was done instead; it stays until it is closed or something new begins. */
function Messages() {
  const shown = message.value;
  return (
    <div role={shown?.kind === 'error' ? 'alert' : 'status'} class="messages">
      {shown && (
        <p class={`message ${shown.kind}`}>
          <span>{shown.text}</span>
          <button
            type="button"
            class="quiet"
            aria-label="Close this message"
            onClick={() => {
              message.value = undefined;
            }}
          >
            ✕
          </button>
        </p>
      )}
    </div>
  );
}
