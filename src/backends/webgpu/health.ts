/**
 * What went wrong on a device, and who has to be told. WebGPU reports errors after the call that made them, and
 * kernel calls do not wait: so an error is kept and rejects what is asked for next. A lost device rejects all
 * that is under way and refuses everything after.
 */
import { DeviceError } from '../../base/errors.js';

export class DeviceHealth {
  /** Settles when the device is lost, with why. */
  readonly lost: Promise<DeviceError>;
  #lostBy: DeviceError | undefined;
  /** The first error that nobody was told of. */
  #failure: DeviceError | undefined;
  /** Error scopes whose outcome is not known. */
  readonly #scopes = new Set<Promise<void>>();
  /** Ends what is under way. */
  readonly #waiting = new Set<(reason: DeviceError) => void>();
  #resolveLost: (reason: DeviceError) => void = () => {};

  readonly #device: GPUDevice;

  constructor(device: GPUDevice) {
    this.#device = device;
    this.lost = new Promise((resolve) => {
      this.#resolveLost = resolve;
    });
    device.onuncapturederror = (event) => {
      // It is told to whoever asks next, and need not be on the console too.
      event.preventDefault();
      this.#fail(event.error.message);
    };
    device.lost.then(({ reason, message }) => this.#lose(`the device was lost: ${message || reason}`));
  }

  /** @throws DeviceError when the device is lost */
  check(): void {
    if (this.#lostBy) throw new DeviceError(this.#lostBy.message);
  }

  /** Takes the device for lost from now on: it is about to be destroyed. */
  dispose(): void {
    this.#lose('the device was disposed');
  }

  /** Takes what an error scope finds for a failure, in the words of `describe`. */
  watch(scope: Promise<GPUError | null>, describe: () => string): void {
    const outcome = scope.then(
      (error) => {
        if (error) this.#fail(describe());
      },
      // The scope of a lost device is refused; the loss is told by itself.
      () => {},
    );
    this.#scopes.add(outcome);
    outcome.finally(() => this.#scopes.delete(outcome));
  }

  /**
   * What `work` gives, if all that was asked of the device until now went well.
   * @throws DeviceError when it did not, and when the device is lost, which never waits for `work`
   */
  async settle<T>(work: Promise<T>): Promise<T> {
    // Where something else is told first, nobody is left to hear that this failed too.
    work.catch(() => {});
    this.check();
    const scopes = [...this.#scopes];
    let abandon: (reason: DeviceError) => void = () => {};
    try {
      // Not Promise.race with `lost`: that would remember every call for as long as the device lives.
      const result = await new Promise<T>((resolve, reject) => {
        abandon = reject;
        this.#waiting.add(abandon);
        Promise.all([work, ...scopes]).then(([value]) => resolve(value), reject);
      });
      this.check();
      this.#report();
      return result;
    } catch (error) {
      this.check();
      this.#report();
      if (error instanceof DeviceError) throw error;
      throw new DeviceError(`webgpu: ${error instanceof Error ? error.message : error}`, { cause: error });
    } finally {
      this.#waiting.delete(abandon);
    }
  }

  #report(): void {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure) throw failure;
  }

  #fail(message: string): void {
    this.#failure ??= new DeviceError(`webgpu: ${message}`);
  }

  #lose(message: string): void {
    if (this.#lostBy) return;
    // Node's WebGPU holds this function for ever, and with it all that it leads to.
    this.#device.onuncapturederror = null;
    this.#lostBy = new DeviceError(`webgpu: ${message}`);
    for (const reject of this.#waiting) reject(this.#lostBy);
    this.#waiting.clear();
    this.#resolveLost(this.#lostBy);
  }
}
