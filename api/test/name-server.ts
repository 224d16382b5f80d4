/** A DNS server of one name, as Docker has one for each service: the addresses of its replicas, which change. */

import { createSocket } from 'node:dgram';

export interface NameServer {
  readonly port: number;
  /** Of the one name, IPv4. Whoever asks from now on is told these. */
  addresses: readonly string[];
  close(): void;
}

const HEADER_BYTES = 12;
const TYPE_A = 1;

export async function startNameServer(addresses: readonly string[]): Promise<NameServer> {
  const socket = createSocket('udp4');
  const server = { port: 0, addresses, close: () => void socket.close() };
  socket.on('message', (query, { port, address }) => {
    socket.send(answer(query, server.addresses), port, address);
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.bind(0, '127.0.0.1', resolve);
  await promise;
  server.port = socket.address().port;
  return server;
}

/** To other questions than for IPv4 addresses there is no answer, which is not an error. */
function answer(query: Buffer, addresses: readonly string[]): Buffer {
  const nameEnd = query.indexOf(0, HEADER_BYTES) + 1;
  const question = query.subarray(HEADER_BYTES, nameEnd + 4);
  const told = query.readUInt16BE(nameEnd) === TYPE_A ? addresses : [];
  const header = Buffer.from(query.subarray(0, HEADER_BYTES));
  header.writeUInt16BE(0x8180, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(told.length, 6);
  header.writeUInt32BE(0, 8);
  return Buffer.concat([header, question, ...told.map(record)]);
}

/** The name of the question, A, IN, one second. */
function record(address: string): Buffer {
  return Buffer.from([0xc0, 0x0c, 0, TYPE_A, 0, 1, 0, 0, 0, 1, 0, 4, ...address.split('.').map(Number)]);
}
