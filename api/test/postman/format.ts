/** Postman's collection format 2.1, as far as ours goes: https://schema.postman.com/collection/json/v2.1.0 */

export interface Collection {
  readonly info: { readonly name: string; readonly description: string; readonly schema: string };
  readonly auth: Auth;
  readonly variable: readonly Variable[];
  readonly item: readonly Folder[];
}

export interface Folder {
  readonly name: string;
  readonly description: string;
  readonly auth?: Auth;
  readonly item: readonly (Folder | Item)[];
}

export interface Item {
  readonly name: string;
  readonly event: readonly Script[];
  readonly request: PostmanRequest;
  readonly response: readonly [];
}

export interface PostmanRequest {
  readonly auth?: Auth;
  readonly method: string;
  readonly description: string;
  readonly header: readonly Variable[];
  readonly body?: {
    readonly mode: 'raw';
    readonly raw: string;
    readonly options: { readonly raw: { readonly language: 'json' } };
  };
  readonly url: Url;
}

export interface Url {
  readonly raw: string;
  readonly host: readonly string[];
  readonly path: readonly string[];
  readonly query?: readonly Variable[];
  readonly variable?: readonly Variable[];
}

export interface Variable {
  readonly key: string;
  readonly value: string;
  readonly description?: string;
  /** Shown, and not sent. */
  readonly disabled?: true;
}

export interface Script {
  readonly listen: 'prerequest' | 'test';
  readonly script: { readonly type: 'text/javascript'; readonly exec: readonly string[] };
}

type Auth =
  | { readonly type: 'noauth' }
  | { readonly type: 'bearer'; readonly bearer: readonly [{ key: 'token'; value: string; type: 'string' }] };

export const SCHEMA = 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json';

export function script(listen: Script['listen'], lines: readonly string[]): Script[] {
  return lines.length === 0 ? [] : [{ listen, script: { type: 'text/javascript', exec: lines } }];
}
