/** The answers of the model with the adapter and without it. */
import { useState } from 'preact/hooks';
import type { Answer, Question, TeachOutcome } from '../../api.js';
import { Chat } from './chat.js';
import { Compare } from './compare.js';
import { type Checking, Learned } from './learned.js';
import { type AnswerSettings, Settings } from './settings.js';
import '../../../styles/language-try.css';

/** What both ways of asking require. */
export interface Asking {
  /** Why nothing can be asked now, as a sentence. */
  readonly obstacle: string | undefined;
  readonly hasAdapter: boolean;
  /** The system prompt of all conversations. */
  readonly system: string | undefined;
  /** Asks the worker, which may answer for the base and the adapter side by side. */
  readonly ask: (question: Question, told: (text: string) => void) => Promise<Answer>;
  readonly stopAsking: () => Promise<void>;
  /** Adds an example with a better answer. */
  readonly onNewRow: (prompt: string, answer: string) => void;
  /** Reports what went wrong, as a sentence. */
  readonly onError: (reason: string) => void;
}

export interface TryPanelProps extends Asking {
  /** The outcome of the lesson that made the adapter. */
  readonly outcome: TeachOutcome | undefined;
  /** The preset's checks; undefined if the examples are not a preset's. */
  readonly checking: Checking | undefined;
}

type Way = 'compare' | 'chat';

export function TryPanel({ outcome, checking, ...asking }: TryPanelProps) {
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
      {/* Both stay in the page, so that neither loses its answers. */}
      <div hidden={way !== 'compare'}>
        <Compare {...asking} settings={settings} />
      </div>
      <div hidden={way !== 'chat'}>
        <Chat {...asking} settings={settings} isShown={way === 'chat'} />
      </div>
      <Settings settings={settings} hasAdapter={asking.hasAdapter} onSettings={setSettings} />
      {asking.hasAdapter && <Learned outcome={outcome} checking={checking} obstacle={asking.obstacle} />}
    </div>
  );
}
