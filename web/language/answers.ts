/** Asks the model questions, and stops them. */
import type { Answer, Question } from './api.js';
import { ask, askReporting, flags } from './client.js';

export function askModel(question: Question, told: (text: string) => void): Promise<Answer> {
  flags.lower('asking');
  // An estimate is measured again when nobody waits for an answer.
  flags.raise('estimate');
  return askReporting((lab, report) => lab.ask(question, report), told);
}

export function stopAsking(): Promise<void> {
  flags.raise('asking');
  return ask((lab) => lab.stopAsking());
}
