// Why a mail or a heartbeat could not be delivered, with the next step.

// Thrown for every failed delivery.
export class DeliveryError extends Error {
  readonly code = 'DeliveryFailed';

  constructor(message: string, cause: unknown) {
    super(message, { cause });
    this.name = 'DeliveryError';
  }
}
