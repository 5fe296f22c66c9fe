import { useEffect, useRef } from 'preact/hooks';
import { keepFocus } from '../focus.js';
import { work } from '../work.js';
import { ForgotSection } from './forgotSection.js';
import { Hero } from './hero/hero.js';
import { InsideSection } from './insideSection.js';
import { Messages } from './messages.js';
import { More } from './more/more.js';
import { TakeSection } from './takeSection.js';

export function App() {
  const root = useRef<HTMLDivElement>(null);
  useEffect(() => (root.current ? keepFocus(root.current) : undefined), []);
  return (
    <div ref={root}>
      <header>
        <h1>Teach a network your handwriting</h1>
      </header>
      <Messages />
      <main aria-busy={work.value !== undefined}>
        <Hero />
        <p class="intro">
          This network reads handwritten digits. When it misreads yours, show it once: LoRA freezes its
          235,146 weights and trains 3,518 new ones beside them, here, in about a second. Nothing you draw
          leaves this device.
        </p>
        <InsideSection />
        <ForgotSection />
        <TakeSection />
        <More />
      </main>
      <footer>
        <p>
          lowrank: LoRA fine-tuning where JavaScript runs, on WebAssembly and WebGPU. LoRA is by{' '}
          <a href="https://arxiv.org/abs/2106.09685">Hu et al., 2021</a>; the digits are{' '}
          <a href="http://yann.lecun.com/exdb/mnist/">MNIST</a>, by Yann LeCun, Corinna Cortes and Chris
          Burges. Or <a href="./language.html">teach a language model something</a>.
        </p>
      </footer>
    </div>
  );
}
