/** Sizes, times and states of the model in words. */
import type { Loading, ModelFacts, Stored } from '../../api.js';

export const MOST_OF_A_TAB = 4e9;

export const mb = (bytes: number): string => `${Math.round(bytes / 1e6)}`;
export const gb = (bytes: number): string => (bytes / 1e9).toFixed(1).replace(/\.0$/, '');
/** `362 MB`, `1.1 GB` */
export const size = (bytes: number): string => (bytes < 950e6 ? `${mb(bytes)} MB` : `${gb(bytes)} GB`);

/** `135 M`, `1.1 B` */
export const weights = (count: number): string =>
  count < 999.5e6 ? `${Math.round(count / 1e6)} M` : `${(count / 1e9).toFixed(1)} B`;

const DAY = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });
const DAY_OF_YEAR = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });

/** `25 Nov`, with the year if it is not this year. */
export function day(since: number, now = Date.now()): string {
  const isThisYear = new Date(since).getFullYear() === new Date(now).getFullYear();
  return (isThisYear ? DAY : DAY_OF_YEAR).format(since);
}

export function timeLeft(seconds: number): string {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s left`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min left` : `${Math.round(seconds / 3600)} h left`;
}

/**
 * One line about the progress.
 * @param isOnline  whether the browser is online
 * @param layers    number of layers, if known; otherwise unpacking is counted in bytes
 */
export function loadingLine(loading: Loading, isOnline: boolean, layers?: number): string {
  if (loading.stage === 'checking') return 'Checking';
  if (loading.stage === 'warming up') return 'Warming up';
  if (loading.stage === 'unpacking') return unpackingLine(loading.done, loading.total, layers);
  const { done, total, bytesPerSecond, paused } = loading;
  const far = `${mb(done)} of ${mb(total)} MB`;
  if (paused === 'person') return `Paused at ${far}.`;
  if (paused === 'offline')
    return `Paused at ${far}: ${isOnline ? 'the connection broke' : 'you are offline'}. Goes on by itself.`;
  if (bytesPerSecond <= 0) return far;
  const left = timeLeft((total - done) / bytesPerSecond);
  return `${far} · ${(bytesPerSecond / 1e6).toFixed(1)} MB/s · ${left}`;
}

function unpackingLine(done: number, total: number, layers: number | undefined): string {
  if (layers === undefined) return `Unpacking · ${mb(done)} of ${mb(total)} MB`;
  return `Unpacking ${layers} layers · ${Math.floor((layers * done) / total)}/${layers}`;
}

/** Text for screen readers, which changes with each quarter and each stage. */
export function announcement(loading: Loading | undefined, isOnline: boolean): string {
  if (!loading) return '';
  if (loading.stage === 'unpacking') return 'Unpacking the model.';
  if (loading.stage !== 'downloading') return `${loadingLine(loading, isOnline)}.`;
  if (loading.paused) return loadingLine(loading, isOnline);
  const quarter = 25 * Math.floor((4 * loading.done) / loading.total);
  return quarter === 0 ? 'Downloading the model.' : `${quarter} % of the model downloaded.`;
}

/** Progress from 0 to 1; undefined if unknown. */
export function fraction(loading: Loading): number | undefined {
  if (loading.stage === 'warming up') return undefined;
  return loading.stage === 'checking' ? 1 : loading.done / loading.total;
}

const ARCHITECTURES: Readonly<Record<string, string>> = {
  ...{ llama: 'Llama', mistral: 'Mistral', qwen2: 'Qwen2', qwen3: 'Qwen3' },
};

/** @param offered  bytes of memory; undefined if the browser does not say */
export function needs(facts: ModelFacts, offered: number | undefined): string {
  const parts = [
    `${ARCHITECTURES[facts.architecture] ?? facts.architecture} architecture`,
    `${weights(facts.parameters)} weights`,
    `needs about ${size(facts.neededBytes)} of memory`,
    offered === undefined ? 'a tab has at most 4 GB' : `this device offers about ${size(offered)}`,
  ];
  return parts.join(' · ');
}

const roomOf = (offered: number | undefined) => Math.min(MOST_OF_A_TAB, offered ?? MOST_OF_A_TAB);

/** A warning if a model may not fit; undefined if it does. */
export function tooLarge({ neededBytes }: ModelFacts, offered: number | undefined): string | undefined {
  if (neededBytes <= roomOf(offered)) return undefined;
  const device = offered === undefined ? '' : ` and this device ${size(offered)}`;
  return `May not fit: it needs ${size(neededBytes)}, a tab has at most 4 GB${device}. A smaller model is the safe choice.`;
}

export const isWhole = ({ bytes, total }: Stored): boolean => bytes === total;
