export interface WebhooksSlice {
  readonly fault: string;
}
export const NO_WEBHOOKS: WebhooksSlice = { fault: '' };
