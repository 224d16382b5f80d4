/** So that a token is recognised in a log or a repository, by people and by secret scanners. */
const TOKEN_PREFIX = 'fsop_';

/** 256 random bits. */
export function newToken(): string {
  return TOKEN_PREFIX + Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64url');
}
