/** What the model says with the adapter and without it. */
import { useState } from 'preact/hooks';
import type { Answer, Question, TeachOutcome } from '../../api.js';
import { forgotSentence, learnedSentence } from '../../outcome.js';
import { Chat } from './chat.js';
import { Compare } from './compare.js';
import { type AnswerSettings, Settings } from './settings.js';
import '../../../styles/language-try.css';

/** What both ways of asking need. */
export interface Asking {
  /** Why nothing can be asked now, as a sentence. */
  readonly obstacle: string | undefined;
  readonly hasAdapter: boolean;
  /** The system prompt of all conversations. */
  readonly system: string | undefined;
  /** The worker's, which may answer the base and the adapter side by side. */
  readonly ask: (question: Question, told: (text: string) => void) => Promise<Answer>;
  readonly stopAsking: () => Promise<void>;
  /** An answer that a person would have liked better becomes an example. */
  readonly onNewRow: (prompt: string, answer: string) => void;
  /** Told of what went wrong, as a sentence. */
  readonly onError: (reason: string) => void;
}

export interface TryPanelProps extends Asking {
  /** The outcome of the lesson that made the adapter. */
  readonly outcome: TeachOutcome | undefined;
  /** What the preset measures: `JSON valid`, 1 and 10 of 10. */
  readonly checks: readonly {
    readonly name: string;
    readonly before: number;
    readonly after: number;
    readonly of: number;
  }[];
}

type Way = 'compare' | 'chat';

export function TryPanel({ outcome, checks, ...asking }: TryPanelProps) {
  const [way, setWay] = useState<Way>('compare');
  const [settings, setSettings] = useState<AnswerSettings>({ strength: 1, temperature: 0, maxTokens: 128 });
  return (
    <div class="lm-try">
      <fieldset class="lm-ways">
        <legend class="visually-hidden">How to try it</legend>
        {(['compare', 'chat'] as const).map((each) => (
          <label key={each}>
            <input type="radio" name="try" checked={way === each} onChange={() => setWay(each)} />
            {each === 'compare' ? 'Compare' : 'Chat'}
          </label>
        ))}
      </fieldset>
      {/* Neither forgets what was said while the other is shown. */}
      <div hidden={way !== 'compare'}>
        <Compare {...asking} settings={settings} />
      </div>
      <div hidden={way !== 'chat'}>
        <Chat {...asking} settings={settings} isShown={way === 'chat'} />
      </div>
      <Settings settings={settings} hasAdapter={asking.hasAdapter} onSettings={setSettings} />
      {outcome && asking.hasAdapter && <Learned outcome={outcome} checks={checks} />}
    </div>
  );
}

function Learned({ outcome, checks }: Pick<TryPanelProps, 'checks'> & { readonly outcome: TeachOutcome }) {
  return (
    <section class="lm-learned" aria-labelledby="lm-learned">
      <h3 id="lm-learned">What it learned, what it forgot</h3>
      <ul>
        {checks.map(({ name, before, after, of }) => (
          <li key={name}>
            {sentenceCase(name)}: <strong class="before">{`${before}/${of}`}</strong> before,{' '}
            <strong class="after">{`${after}/${of}`}</strong> after.
          </li>
        ))}
        <li>
          {outcome.heldOut
            ? learnedSentence(outcome.heldOut)
            : 'No example was held out, so only your own questions show what it learned.'}
        </li>
        {outcome.general && <li>{forgotSentence(outcome.general)}</li>}
      </ul>
    </section>
  );
}

const sentenceCase = (text: string) => text.slice(0, 1).toUpperCase() + text.slice(1);
