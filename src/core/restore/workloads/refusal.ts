// Why workloads cannot be stopped for a Restore. Each message ends with what to do next.

export type WorkloadRefusalCode = 'ManagedByController' | 'WorkloadMissing' | 'ConnectionsActive' | 'ClaimMissing';
export type WorkloadRefusal = { kind: 'refusal'; code: WorkloadRefusalCode; message: string };

export const refuse = (code: WorkloadRefusalCode, message: string): WorkloadRefusal => ({ kind: 'refusal', code, message });

// Several troubles of one kind are told together, so that nobody meets them one by one; conditions hold about a thousand characters.
export const refuseAll = (code: WorkloadRefusalCode, messages: readonly string[]): WorkloadRefusal | undefined =>
  messages.length === 0 ? undefined : refuse(code, firstOf(messages, 3).join(' '));

// The first few, and how many more there are.
export const firstOf = (texts: readonly string[], most: number): string[] =>
  texts.length <= most ? [...texts] : [...texts.slice(0, most), `(and ${texts.length - most} more)`];
