// Secrets that this process has read. Whatever it prints passes `redact` first, so that a password inside an error message stays inside.
// The longest first: one secret may be a part of another.
let secrets: string[] = [];
const shortestSecret = 6;
const mask = '[redacted]';

// Remembers a secret for the life of the process. Very short values are left out: they would mask ordinary words.
export const registerSecret = (value: string): void => {
  const trimmed = value.trim();
  if (trimmed.length >= shortestSecret && !secrets.includes(trimmed)) {
    secrets = [...secrets, trimmed].toSorted((a, b) => b.length - a.length);
  }
};

// Also finds a secret as it looks inside a JSON string or a URL.
const spellings = (secret: string): string[] => [...new Set([secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)])];

const unknownSecrets = [/AGE-SECRET-KEY-1[A-Z0-9]+/g, /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g];

// Masks every remembered secret, and what looks like a private key.
export const redact = (text: string): string => {
  let clean = text;
  for (const secret of secrets) {
    for (const spelling of spellings(secret)) {
      clean = clean.replaceAll(spelling, mask);
    }
  }
  for (const pattern of unknownSecrets) {
    clean = clean.replaceAll(pattern, mask);
  }
  return clean;
};
