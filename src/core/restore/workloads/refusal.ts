// Why workloads cannot be stopped for a Restore. Each message ends with what to do next.

export type WorkloadRefusalCode = 'ManagedByController' | 'WorkloadMissing' | 'ConnectionsActive' | 'ClaimMissing';
export type WorkloadRefusal = { kind: 'refusal'; code: WorkloadRefusalCode; message: string };

export const refuse = (code: WorkloadRefusalCode, message: string): WorkloadRefusal => ({ kind: 'refusal', code, message });

// A condition and a status hold 1024 characters, and something may stand before it.
const mostCharacters = 900;

// Several troubles of one kind are told together, so that nobody meets them one by one: as many as there is room for.
export const refuseAll = (code: WorkloadRefusalCode, messages: readonly string[]): WorkloadRefusal | undefined => {
  const [first, ...others] = messages;
  if (first === undefined) {
    return undefined;
  }
  const told = [first.slice(0, mostCharacters)];
  for (const message of others) {
    if ([...told, message].join(' ').length > mostCharacters) {
      break;
    }
    told.push(message);
  }
  const left = messages.length - told.length;
  return refuse(code, `${told.join(' ')}${left === 0 ? '' : ` (and ${left} more)`}`);
};

// The first few, and how many more there are.
export const firstOf = (texts: readonly string[], most: number): string[] =>
  texts.length <= most ? [...texts] : [...texts.slice(0, most), `(and ${texts.length - most} more)`];
