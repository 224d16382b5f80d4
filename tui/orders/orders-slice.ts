export interface OrdersSlice {
  readonly fault: string;
}
export const NO_ORDERS: OrdersSlice = { fault: '' };
