// A booking agent must not confirm a room while the research agent still compares. It starts on the research's result.
import { coordinate, settled, when } from 'rxbaton';
import { setTimeout as sleep } from 'node:timers/promises';

interface Hotel {
  name: string;
  price: number;
}

const researchHotels = coordinate('hotel_researcher', async (city: string) => {
  const hotels: Hotel[] = [
    { name: `${city} Palace`, price: 320 },
    { name: `${city} Inn`, price: 95 },
    { name: `Hotel ${city}`, price: 140 },
  ];
  for (const { name, price } of hotels) {
    await sleep(1);
    console.log(`compares ${name} at ${price}`);
  }
  return hotels.reduce((best, hotel) => (hotel.price < best.price ? hotel : best));
});

const book = coordinate('hotel_booker', async (hotel: Hotel) => `${hotel.name} is booked`);

when(researchHotels.complete, ({ result }) => book(result));
when(book.complete, ({ result }) => console.log(result));

await researchHotels('Lisbon');
await settled();
