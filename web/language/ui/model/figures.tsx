/** Three small figures to read during the download: what a token is, what is taught, and what stays here. */
import type { ComponentChildren } from 'preact';
import type { ModelFacts } from '../../api.js';
import { mb, weights } from './words.js';

/** Tokens of the shipped model's tokenizer. */
const TOKENS: readonly (readonly [text: string, id: number])[] = [
  ['The', 504],
  [' lighthouse', 33059],
  [' opens', 10573],
  [' at', 418],
  [' six', 2976],
];

interface FiguresProps {
  readonly facts: ModelFacts;
  /** Progress from 0 to 1: each third highlights one figure; on a phone the others are hidden. */
  readonly done: number;
}

export function Figures({ facts, done }: FiguresProps) {
  const current = Math.min(2, Math.floor(3 * done));
  const figures = [<Token key={0} />, <LowRank key={1} facts={facts} />, <Here key={2} facts={facts} />];
  return (
    <ul class="lm-figures" aria-label="While it loads">
      {figures.map((figure, i) => (
        <li key={figure.key} class={i === current ? 'current' : undefined}>
          {figure}
        </li>
      ))}
    </ul>
  );
}

function Figure({ title, picture, children }: Record<'title' | 'picture' | 'children', ComponentChildren>) {
  return (
    <figure class="lm-figure">
      <div class="lm-picture">{picture}</div>
      <figcaption>
        <strong>{title}</strong> {children}
      </figcaption>
    </figure>
  );
}

function Token() {
  const picture = (
    <p class="lm-tokens">
      {TOKENS.map(([text, id]) => (
        <span key={id}>
          <b>{text.replace(' ', '␣')}</b>
          <small>{id}</small>
        </span>
      ))}
    </p>
  );
  return (
    <Figure title="Text becomes tokens." picture={picture}>
      A token is a word or part of a word, and has a number. The model reads numbers and predicts which one
      comes next.
    </Figure>
  );
}

function LowRank({ facts }: { readonly facts: ModelFacts }) {
  const picture = (
    <svg viewBox="0 0 240 96" role="img" aria-label="W plus B times A">
      <rect class="base" x="8" y="12" width="72" height="72" rx="4" />
      <text class="on" x="44" y="55">
        W
      </text>
      <text x="100" y="55">
        +
      </text>
      <rect class="adapted" x="120" y="12" width="16" height="72" rx="3" />
      <text class="on" x="128" y="54">
        B
      </text>
      <text x="148" y="55">
        ·
      </text>
      <rect class="adapted" x="160" y="40" width="72" height="16" rx="3" />
      <text class="on" x="196" y="54">
        A
      </text>
    </svg>
  );
  return (
    <Figure title="Teaching turns W into W + BA." picture={picture}>
      The {weights(facts.parameters)} weights W stay as they are. Two thin matrices, B and A, learn what to
      add to them.
    </Figure>
  );
}

function Here({ facts }: { readonly facts: ModelFacts }) {
  const picture = (
    <svg
      viewBox="0 0 240 96"
      role="img"
      aria-label="The model is downloaded to this device, and nothing leaves it"
    >
      <path class="line" d="M14 44 H74 M64 36 L74 44 L64 52" />
      <text class="small" x="44" y="30">
        {mb(facts.fileBytes)} MB
      </text>
      <text class="small soft" x="44" y="70">
        once
      </text>
      <rect class="device" x="86" y="8" width="146" height="80" rx="8" />
      <rect class="base" x="94" y="18" width="60" height="60" rx="4" />
      <text class="on small" x="124" y="52">
        model
      </text>
      <rect class="adapted" x="160" y="18" width="66" height="27" rx="4" />
      <text class="on small" x="193" y="36">
        adapter
      </text>
      <rect class="plain" x="160" y="51" width="66" height="27" rx="4" />
      <text class="small" x="193" y="69">
        your text
      </text>
    </svg>
  );
  return (
    <Figure title="It stays on this device." picture={picture}>
      The model is downloaded once. What you write and what you teach never leave this device.
    </Figure>
  );
}
