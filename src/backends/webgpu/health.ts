/**
 * Errors of a device. WebGPU reports errors after the call that caused them, and kernel calls do not wait: so an error is
 * kept and rejects the next request. A lost device rejects all pending work and refuses everything after.
 */
import { DeviceError } from '../../base/errors.js';

export class DeviceHealth {
  /** Resolves when the device is lost, with the reason. */
  readonly lost: Promise<DeviceError>;
  #lostBy: DeviceError | undefined;
  /** The first errors that were not reported yet: of a scope, whose call is known, and of others, which may follow from it. */
  #failure: DeviceError | undefined;
  #uncaptured: DeviceError | undefined;
  /** Error scopes whose outcome is not known yet. */
  readonly #scopes = new Set<Promise<void>>();
  /** Callbacks that reject pending work. */
  readonly #waiting = new Set<(reason: DeviceError) => void>();
  #resolveLost: (reason: DeviceError) => void = () => {};

  readonly #device: GPUDevice;

  constructor(device: GPUDevice) {
    this.#device = device;
    this.lost = new Promise((resolve) => {
      this.#resolveLost = resolve;
    });
    device.onuncapturederror = (event) => {
      // It is reported by the next request, and need not also be on the console.
      event.preventDefault();
      this.#uncaptured ??= failureOf(event.error.message);
    };
    device.lost.then(({ reason, message }) => this.#lose(`the device was lost: ${message || reason}`));
  }

  /** @throws DeviceError when the device is lost */
  check(): void {
    if (this.#lostBy) throw new DeviceError(this.#lostBy.message);
  }

  /** Marks the device as lost, before it is destroyed. */
  dispose(): void {
    this.#lose('the device was disposed');
  }

  /** Reports an error of a scope as a failure, in the words of `describe`. */
  watch(scope: Promise<GPUError | null>, describe: (error: GPUError) => string): void {
    const outcome = scope.then(
      (error) => {
        if (error) this.#failure ??= failureOf(describe(error));
      },
      // The scope of a lost device is rejected; the loss itself is reported separately.
      () => {},
    );
    this.#scopes.add(outcome);
    outcome.finally(() => this.#scopes.delete(outcome));
  }

  /**
   * The result of `work`, if everything requested of the device so far succeeded.
   * @throws DeviceError when it did not, and when the device is lost, without waiting for `work`
   */
  async settle<T>(work: Promise<T>): Promise<T> {
    // Where another error is reported first, a failure of this work is ignored.
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
    const failure = this.#failure ?? this.#uncaptured;
    this.#failure = undefined;
    this.#uncaptured = undefined;
    if (failure) throw failure;
  }

  #lose(message: string): void {
    if (this.#lostBy) return;
    // Node's WebGPU keeps this function forever, and with it everything that it refers to.
    this.#device.onuncapturederror = null;
    this.#lostBy = failureOf(message);
    for (const reject of this.#waiting) reject(this.#lostBy);
    this.#waiting.clear();
    this.#resolveLost(this.#lostBy);
  }
}

function failureOf(message: string): DeviceError {
  return new DeviceError(`webgpu: ${message}`);
}
