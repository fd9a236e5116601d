// Whether an age recipient was copied right. Its checksum (bech32, BIP 173) is all that can be checked without the identity.
// By hand, because the library that encrypts costs an operator, which never encrypts, 10 MiB of memory.

const alphabet = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const generators = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];
const prefix = 'age';
const form = new RegExp(`^${prefix}1[${alphabet}]{58}$`);
// 32 bytes in 52 groups of five bits leave four bits over: zeros.
const lastGroupOfKey = 51;
const bitsLeftOver = 0b1111;

export const isRecipient = (text: string): boolean => {
  if (!form.test(text)) {
    return false;
  }
  const groups = Array.from(text.slice(prefix.length + 1), (letter) => alphabet.indexOf(letter));
  const codes = Array.from(prefix, (letter) => letter.charCodeAt(0));
  const head = [...codes.map((code) => code >> 5), 0, ...codes.map((code) => code & 31)];
  return checksum([...head, ...groups]) === 1 && ((groups[lastGroupOfKey] ?? 0) & bitsLeftOver) === 0;
};

const checksum = (values: number[]): number =>
  values.reduce((sum, value) => {
    const high = sum >>> 25;
    return generators.reduce(
      (next, generator, bit) => (((high >> bit) & 1) === 1 ? next ^ generator : next),
      ((sum & 0x1ffffff) << 5) ^ value,
    );
  }, 1);
