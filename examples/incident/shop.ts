/** The shop of Friday, and the shop of today. */
import { emit, when } from 'rxbaton';

export interface Order {
  readonly id: string;
  readonly total: number;
  readonly card: string;
}

/** As it was on Friday: whoever clicks twice pays twice. */
export function fridaysShop(): void {
  when('order_placed', ({ id, total, card }: Order) => emit('order_charged', { id, total, card }));
  when('order_charged', ({ id }: Order) => emit('order_shipped', { id }));
}

/** As it is today: an order is charged once, however often it is placed. */
export function todaysShop(): void {
  const charged = new Set<string>();
  when('order_placed', ({ id, total, card }: Order) => {
    if (charged.has(id)) emit('order_ignored', { id });
    else {
      charged.add(id);
      emit('order_charged', { id, total, card });
    }
  });
  when('order_charged', ({ id }: Order) => emit('order_shipped', { id }));
}
