import { signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { keepFocus } from '../../focus.js';
import { Messages } from '../../ui/messages.js';
import { Panel } from '../../ui/panel.js';
import type { Stored } from '../api.js';
import { shippedModel } from '../model/manifest.js';
import { Recorded } from '../recorded/recorded.js';
import {
  adapter,
  areAnswersBeside,
  isTeaching,
  loading,
  model,
  outcome,
  recorded,
  rows,
  stored,
} from '../state.js';
import '../../styles/language-shell.css';

const STEPS = [
  { id: 'model', name: 'Model', section: 'ModelSection' },
  { id: 'examples', name: 'Examples', section: 'ExamplesSection' },
  { id: 'teach', name: 'Teach', section: 'TeachSection' },
  { id: 'try', name: 'Try', section: 'TrySection' },
  { id: 'take', name: 'Take', section: 'TakeSection' },
] as const;
type StepId = (typeof STEPS)[number]['id'];

type Sections = typeof import('./sections.js');

/** Contents of the panels, loaded after what is read first. */
export const sections = signal<Sections | undefined>(undefined);

/** The step that is in sight. */
const current = signal<StepId>('model');

export function App() {
  const root = useRef<HTMLDivElement>(null);
  useEffect(() => (root.current ? keepFocus(root.current) : undefined), []);
  useEffect(() => (root.current ? watchSteps(root.current) : undefined), []);
  return (
    <div ref={root} class="lm">
      <header>
        <h1>Teach a language model something. In this tab.</h1>
        <p class="intro">
          Write a few examples of what it should say. LoRA trains a few million new numbers beside a small
          language model, here, on your device. Nothing you write leaves it.
        </p>
        <div class="lm-device">
          <Late section="DeviceSection" />
        </div>
      </header>
      <Stepper />
      <Messages />
      <main aria-busy={isTeaching.value || loading.value !== undefined}>
        <WhatItSays />
        <div class="lm-steps-panels">
          {STEPS.map(({ id, name, section }, i) => (
            <Panel key={id} id={id} title={`${i + 1} · ${name}`}>
              <Part section={section} />
            </Panel>
          ))}
          <Late section="KeptSection" />
        </div>
      </main>
      <Late section="Drops" />
      <footer>
        <p>
          lowrank: LoRA fine-tuning where JavaScript runs. The model is SmolLM2-135M-Instruct by Hugging Face,
          Apache 2.0. LoRA is by <a href="https://arxiv.org/abs/2106.09685">Hu et al., 2021</a>. Or{' '}
          <a href="./index.html">teach a network your handwriting</a>.
        </p>
      </footer>
    </div>
  );
}

/** The answers beside the panels on a wide screen: those of the recorded lesson, then those of the visitor's own. */
function WhatItSays() {
  if (areAnswersBeside.value)
    return (
      <section class="panel lm-says" aria-label="What it says">
        <Late section="ProbesSection" />
      </section>
    );
  return (
    <section class="panel lm-says" aria-label="A recorded lesson">
      <Recorded run={recorded.value} modelBytes={shippedModel?.fileBytes ?? 0} />
    </section>
  );
}

function Part({ section }: { readonly section: keyof Sections }) {
  const Section = sections.value?.[section];
  return Section ? <Section /> : <p class="hint">This part of the page is loading …</p>;
}

/** A part that requires no placeholder while it loads. */
function Late({ section }: { readonly section: keyof Sections }) {
  const Section = sections.value?.[section];
  return Section ? <Section /> : null;
}

const isKept = (kept: Stored | undefined) =>
  kept !== undefined && kept.bytes === kept.total && kept.total > 0;

/** The state of each step, in a word or two. */
function stateOf(id: StepId): string {
  switch (id) {
    case 'model':
      if (model.value) return 'ready';
      return loading.value ? 'loading' : isKept(stored.value) ? 'on this device' : '';
    case 'examples':
      return rows.value.length > 0 ? String(rows.value.length) : '';
    case 'teach':
      return isTeaching.value ? 'running' : outcome.value ? 'done' : '';
    case 'try':
      return adapter.value ? 'before, after' : '';
    case 'take':
      return adapter.value ? 'adapter' : '';
  }
}

function Stepper() {
  return (
    <nav class="lm-steps" aria-label="Steps">
      <ol>
        {STEPS.map(({ id, name }, i) => (
          <li key={id}>
            <a href={`#${id}`} aria-current={current.value === id ? 'step' : undefined} onClick={goTo(id)}>
              <span class="lm-step-number" aria-hidden="true">
                {i + 1}
              </span>
              <span>{name}</span>
              <small>{stateOf(id)}</small>
            </a>
          </li>
        ))}
      </ol>
    </nav>
  );
}

/** Scrolls to a step without changing the address, whose hash is reserved for shared links. */
const goTo = (id: StepId) => (event: MouseEvent) => {
  event.preventDefault();
  const section = document.getElementById(id);
  if (!section) return;
  section.tabIndex = -1;
  section.focus({ preventScroll: true });
  section.scrollIntoView({ block: 'start' });
};

/** Marks the step whose panel crosses the middle of the window. @returns how to stop */
function watchSteps(root: HTMLElement): () => void {
  const observer = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        const step = STEPS.find(({ id }) => id === target.id);
        if (isIntersecting && step) current.value = step.id;
      }
    },
    { rootMargin: '-45% 0px -50% 0px' },
  );
  for (const { id } of STEPS) {
    const section = root.querySelector(`#${id}`);
    if (section) observer.observe(section);
  }
  return () => observer.disconnect();
}
