import { isIPv4, isIPv6 } from 'node:net';

/** IPv4 blocks that are not the public internet's (IANA's special-purpose registry): address and prefix length. */
const NOT_PUBLIC_V4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  // Link-local, and where clouds tell a machine its secrets
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];

/**
 * Is it an address of the public internet? Of IPv6 only global unicast counts; an address that carries an IPv4 one
 * (mapped, NAT64, 6to4) counts as that one, but Teredo and a network's own translation don't count. What is not an
 * address isn't public.
 */
export function isPublicAddress(text: string): boolean {
  const address = text.replace(/%.*$/, '');
  if (isIPv4(address)) return isPublicV4(v4Number(address));
  const groups = isIPv6(address) ? v6Groups(address) : undefined;
  if (groups === undefined) return false;
  const [a = 0, b = 0] = groups;
  const embedded = (at: number): number => (groups[at] ?? 0) * 0x10000 + (groups[at + 1] ?? 0);
  const zeros = (from: number, to: number): boolean => groups.slice(from, to).every((group) => group === 0);
  if (zeros(0, 5) && groups[5] === 0xffff) return isPublicV4(embedded(6));
  if (a === 0x64 && b === 0xff9b) return zeros(2, 6) && isPublicV4(embedded(6));
  if (a === 0x2002) return isPublicV4(embedded(1));
  // Special purposes 2001::/23, documentation 2001:db8::/32 and 3fff::/20
  if ((a === 0x2001 && (b < 0x200 || b === 0xdb8)) || (a === 0x3fff && b < 0x1000)) return false;
  // An ISATAP address carries an IPv4 one behind 0:5efe.
  if ((groups[4] ?? 0) % 0x200 === 0 && groups[5] === 0x5efe) return isPublicV4(embedded(6));
  return a >= 0x2000 && a <= 0x3fff;
}

function isPublicV4(number: number): boolean {
  return !NOT_PUBLIC_V4.some(([start, length]) => {
    const size = 2 ** (32 - length);
    return Math.floor(number / size) === Math.floor(v4Number(start) / size);
  });
}

function v4Number(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

/** The eight groups of a valid address. */
function v6Groups(address: string): number[] {
  const [head = '', tail] = address.split('::');
  const read = (part: string): number[] =>
    (part === '' ? [] : part.split(':')).flatMap((group) => {
      if (!group.includes('.')) return [Number.parseInt(group, 16)];
      const number = v4Number(group);
      return [Math.floor(number / 0x10000), number % 0x10000];
    });
  const [first, last] = [read(head), read(tail ?? '')];
  return [...first, ...Array.from({ length: 8 - first.length - last.length }, () => 0), ...last];
}
