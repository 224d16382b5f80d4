/** From where a request comes, as far as addresses tell. */

import { isIP, type BlockList } from 'node:net';

export interface PeerSource {
  requestIP(request: Request): { readonly address: string } | null;
}

/**
 * The address to count a request by. What proxies say of the sender is believed only of those that we trust: of the
 * addresses that they forwarded, the last one that is not itself trusted. Behind an IPv6 address there is a network of
 * the sender's choice, so it is counted by that.
 */
export function addressOf(request: Request, server: PeerSource | null, proxies: BlockList): string | null {
  const peer = server?.requestIP(request)?.address;
  let address = peer === undefined ? null : plainAddress(peer);
  if (address === null) return null;
  const forwarded = request.headers.get('x-forwarded-for')?.split(',') ?? [];
  for (const hop of forwarded.reverse()) {
    if (!isAmong(proxies, address)) break;
    const named = plainAddress(hop);
    // What a proxy of ours could not tell is the proxy's own.
    if (named === null) break;
    address = named;
  }
  return networkOf(address);
}

/** Some proxies add the port. An IPv4 address that came over IPv6 is the same address. */
function plainAddress(text: string): string | null {
  const bare = text.trim().replace(/^\[(.*)\](:\d+)?$|^([\d.]+):\d+$/, '$1$3');
  const address = bare.replace(/%.*$/, '').replace(/^::ffff:(?=[\d.]+$)/i, '');
  return isIP(address) === 0 ? null : address;
}

function isAmong(proxies: BlockList, address: string): boolean {
  return proxies.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

function networkOf(address: string): string {
  if (isIP(address) === 4) return address;
  const [head = '', tail] = address.split('::');
  const groups = (part: string) => part.split(':').filter(Boolean);
  const [left, right] = [groups(head), groups(tail ?? '')];
  const missing = tail === undefined ? 0 : 8 - left.length - right.length - (address.includes('.') ? 1 : 0);
  const all = [...left, ...Array<string>(missing).fill('0'), ...right];
  const network = all.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16));
  return `${network.join(':')}::/64`;
}
