import { closeNotKept, notKept } from '../saved.js';
import { type Message, message, work } from '../work.js';
import { BasePanel } from './basePanel.js';
import { DevicePanel } from './devicePanel.js';
import { DrawPanel } from './drawPanel.js';
import { ScratchPanel } from './scratchPanel.js';
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
        <ScratchPanel />
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
  const close = () => {
    message.value = undefined;
  };
  return (
    <div class="messages">
      <div role={shown?.kind === 'error' ? 'alert' : 'status'}>
        {shown && <Line {...shown} close={close} />}
      </div>
      <div role="status">
        {notKept.value !== undefined && (
          <Line
            kind="note"
            text={`This browser does not keep your work when the page is reloaded or closed: ${notKept.value}.`}
            close={closeNotKept}
          />
        )}
      </div>
    </div>
  );
}

function Line({ kind, text, action, close }: Message & { readonly close: () => void }) {
  return (
    <p class={`message ${kind}`}>
      <span>{text}</span>
      {action && (
        <button
          type="button"
          onClick={() => {
            close();
            action.run();
          }}
        >
          {action.label}
        </button>
      )}
      <button type="button" class="quiet" aria-label="Close this message" onClick={close}>
        ✕
      </button>
    </p>
  );
}
