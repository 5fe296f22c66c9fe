/** Options objects: an unknown key is refused by name, with the key that was probably meant. */

/** An object with every key of an options interface; the compiler refuses one that leaves a key out. */
export type OptionNames<T> = Readonly<Record<keyof T, unknown>>;

/** Names of options in PyTorch, PEFT and others, in lower case without `_` and `-`, with their possible names here. */
const ALIASES: Readonly<Record<string, readonly string[]>> = {
  adaptername: ['name'],
  backend: ['prefer'],
  baselr: ['learningRate'],
  beta: ['beta1'],
  betas: ['beta1'],
  callback: ['onStep', 'onBatch'],
  combinationtype: ['combination'],
  criterion: ['loss'],
  decay: ['weightDecay'],
  device: ['prefer'],
  earlystopping: ['patience', 'validation'],
  earlystoppingpatience: ['patience', 'validation'],
  epsilon: ['eps'],
  evaldataset: ['validation'],
  evalsteps: ['every'],
  exclude: ['excludeModules'],
  gradclip: ['clipNorm'],
  gradientaccumulationsteps: ['accumulate'],
  initloraweights: ['init'],
  inputsize: ['inFeatures', 'features'],
  interval: ['every'],
  iterations: ['limit'],
  l2: ['weightDecay'],
  loradropout: ['dropout'],
  loraalpha: ['alpha'],
  lorar: ['rank'],
  lr: ['learningRate'],
  lrscheduler: ['schedule'],
  lrschedulertype: ['schedule'],
  maxgradnorm: ['clipNorm'],
  maxsteps: ['limit'],
  numclasses: ['classes'],
  numepochs: ['epochs'],
  numlabels: ['classes'],
  numtrainepochs: ['epochs'],
  numthreads: ['threads'],
  numworkers: ['threads'],
  onprogress: ['onStep', 'onBatch'],
  outputdir: ['dir'],
  p: ['dropout'],
  params: ['parameters'],
  patience: ['validation'],
  path: ['dir'],
  perdevicetrainbatchsize: ['batchSize'],
  r: ['rank'],
  resume: ['checkpoint'],
  resumefromcheckpoint: ['resume', 'checkpoint'],
  rslora: ['useRslora'],
  savesteps: ['every'],
  scheduler: ['schedule'],
  steps: ['limit'],
  target: ['targetModules'],
  targets: ['targetModules'],
  type: ['kind', 'method'],
  verbose: ['onStep', 'onBatch'],
  warmup: ['schedule'],
  warmupsteps: ['warmup', 'schedule'],
  wd: ['weightDecay'],
};

/**
 * Refuses options that are not an object, or that have a key which is not among `names`, whatever its value.
 * @param what       the function, for the message
 * @param elsewhere  keys that belong somewhere else, in lower case without `_` and `-`, and what to do
 * @throws TypeError
 */
export function checkOptions<T extends object>(
  what: string,
  options: T,
  names: OptionNames<T>,
  elsewhere: Readonly<Record<string, string>> = {},
): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new TypeError(`${what}: options must be an object: got ${describe(options)}`);
  }
  // Inherited keys count: a caller may derive one options object from another.
  for (const key in options) {
    if (Object.hasOwn(names, key)) continue;
    const own = Object.hasOwn(elsewhere, plain(key)) ? elsewhere[plain(key)] : undefined;
    const hint = own ?? suggestion(key, Object.keys(names));
    throw new TypeError(`${what}: unknown option "${key}": ${hint}`);
  }
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'function' ? 'a function' : String(value);
}

function suggestion(key: string, names: readonly string[]): string {
  const nearest = nearestName(key, names);
  return nearest === undefined
    ? `the options are ${names.length > 0 ? names.join(', ') : 'none'}`
    : `did you mean "${nearest}"?`;
}

/** The name that was probably meant; undefined when none is near. */
function nearestName(key: string, names: readonly string[]): string | undefined {
  const wanted = plain(key);
  const same = names.find((name) => plain(name) === wanted);
  const alias = (Object.hasOwn(ALIASES, wanted) ? ALIASES[wanted] : []).find((name) => names.includes(name));
  const longer = wanted.length > 3 ? names.find((name) => plain(name).includes(wanted)) : undefined;
  let best = same ?? alias ?? longer;
  if (best) return best;
  let least = Math.floor(wanted.length / 3) + (wanted.length > 3 ? 2 : 1);
  for (const name of names) {
    const distance = editDistance(wanted, plain(name));
    if (distance >= least) continue;
    least = distance;
    best = name;
  }
  return best;
}

/** The key in lower case without `_` and `-`, so that `batch_size` equals `batchSize`. */
function plain(key: string): string {
  return key.toLowerCase().replace(/[_-]/g, '');
}

/**
 * Insertions, deletions and replacements that make one text the other.
 * @see https://en.wikipedia.org/wiki/Levenshtein_distance
 */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j] + 1, next[j - 1] + 1));
    }
    row = next;
  }
  return row[b.length];
}
